/* shell - see shell.h. */
#include "base/shell.h"

#include <string.h>

/* No shell does anything with these, wherever in a word they stand. */
static bool is_bare(struct span text)
{
    static const char bare[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_./:@%+,-";
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x80 && !memchr(bare, text.data[i], sizeof bare - 1))
            return false;
    return text.len;
}

void shell_add_word(struct span text, struct buf *out)
{
    if (is_bare(text)) {
        buf_add_span(out, text);
        return;
    }
    buf_add_char(out, '\'');
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '\'')
            buf_add_str(out, "'\\''");
        else
            buf_add_char(out, (char)text.data[i]);
    buf_add_char(out, '\'');
}
