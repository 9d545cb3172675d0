/* text - see text.h. */
#include "fxctl/text.h"

#include <string.h>

#include "base/shell.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static void add_clean(struct span text, bool tabs, struct buf *out)
{
    const uint8_t *at = text.data, *end = text.len ? at + text.len : at;
    while (at < end) {
        size_t len = utf8_length(at, end);
        if (!len)
            buf_add_str(out, REPLACEMENT);
        else if (!utf8_is_plain(at, len) && !(tabs && *at == '\t'))
            buf_add_char(out, ' ');
        else
            buf_add(out, at, len);
        at += len ? len : 1;
    }
}

void text_add_line(struct span text, struct buf *out)
{
    add_clean(text, false, out);
}

void text_add_lines(struct span text, const char *indent, struct buf *out)
{
    while (text.len) {
        const uint8_t *newline = memchr(text.data, '\n', text.len);
        size_t len = newline ? (size_t)(newline - text.data) : text.len;
        buf_add_str(out, indent);
        add_clean(span_of(text.data, len), true, out);
        buf_add_char(out, '\n');
        len += newline ? 1 : 0;
        text = span_of(text.data + len, text.len - len);
    }
}

void text_add_word(struct span text, struct buf *out)
{
    struct buf line = BUF_INIT;
    text_add_line(text, &line);
    shell_add_word(buf_span(&line), out);
    buf_done(&line);
}

size_t text_width(struct span text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++)
        width += (text.data[i] & 0xc0) != 0x80;
    return width;
}
