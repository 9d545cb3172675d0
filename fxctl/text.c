/* text - see text.h. */
#include "fxctl/text.h"

#include <string.h>

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

void text_add_word(struct span text, struct buf *out)
{
    struct buf line = BUF_INIT;
    text_add_line(text, &line);
    if (is_bare(text)) {
        buf_add_span(out, buf_span(&line));
    } else {
        buf_add_char(out, '\'');
        for (size_t i = 0; i < line.len; i++)
            if (line.data[i] == '\'')
                buf_add_str(out, "'\\''");
            else
                buf_add_char(out, (char)line.data[i]);
        buf_add_char(out, '\'');
    }
    buf_done(&line);
}

size_t text_width(struct span text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++)
        width += (text.data[i] & 0xc0) != 0x80;
    return width;
}
