/* json_write - writing JSON text; see base/json.h. */
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Writes a character that cannot stand as it is: with an escape, or as the replacement. */
static void quote_special(struct buf *out, uint8_t c)
{
    static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    if (c == 0 || c >= 0x80) {
        buf_add_str(out, REPLACEMENT);
        return;
    }
    for (const char *e = escapes; *e; e += 2) {
        if ((uint8_t)*e == c) {
            buf_add_char(out, '\\');
            buf_add_char(out, e[1]);
            return;
        }
    }
    buf_printf(out, "\\u%04x", c);
}

/* Writes what only a foreign text may hold. Returns how many bytes that took; 0: it is none. */
static size_t quote_foreign(struct buf *out, const uint8_t *at, const uint8_t *end)
{
    bool surrogate = end - at >= 3 && at[0] == 0xed && at[1] >= 0xa0 && at[1] <= 0xbf &&
                     at[2] >= 0x80 && at[2] <= 0xbf;
    if (surrogate)
        buf_printf(out, "\\ud%03x", (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu));
    else if (*at == 0)
        buf_add_str(out, "\\u0000");
    return surrogate ? 3 : *at == 0;
}

static void quote(struct buf *out, struct span text, bool foreign)
{
    const uint8_t *at = text.data, *end = text.len ? at + text.len : at;
    const uint8_t *run = at; /* the first byte not written yet */
    buf_reserve(out, text.len + 2);
    buf_add_char(out, '"');
    while (at < end) {
        size_t len = is_plain(*at) ? 1 : *at >= 0x80 ? utf8_length(at, end) : 0;
        if (len) {
            at += len;
            continue;
        }
        buf_add(out, run, (size_t)(at - run));
        len = foreign ? quote_foreign(out, at, end) : 0;
        if (!len) {
            quote_special(out, *at);
            len = 1;
        }
        run = at += len;
    }
    buf_add(out, run, (size_t)(at - run));
    buf_add_char(out, '"');
}

void json_quote(struct buf *out, struct span text)
{
    quote(out, text, false);
}

void json_quote_foreign(struct buf *out, struct span text)
{
    quote(out, text, true);
}

/* The length of the next character, or of a byte that is none, and of what is written for it. */
static size_t quoted_char(const uint8_t *at, const uint8_t *end, size_t *ret_quoted)
{
    size_t len = is_plain(*at) ? 1 : *at >= 0x80 ? utf8_length(at, end) : 0;
    if (len)
        *ret_quoted = len;
    else if (*at == 0 || *at >= 0x80)
        *ret_quoted = strlen(REPLACEMENT);
    else
        *ret_quoted = strchr("\"\\\b\f\n\r\t", *at) ? 2 : strlen("\\u0000");
    return len ? len : 1;
}

size_t json_quoted_len(struct span text)
{
    const uint8_t *at = text.data, *end = text.len ? at + text.len : at;
    size_t sum = 0, quoted;
    for (; at < end; sum += quoted)
        at += quoted_char(at, end, &quoted);
    return sum;
}

struct span json_quoted_end(struct span text, size_t most)
{
    const uint8_t *at = text.data, *end = text.len ? at + text.len : at;
    size_t left = json_quoted_len(text), quoted;
    for (; left > most; left -= quoted)
        at += quoted_char(at, end, &quoted);
    return span_of(at, (size_t)(end - at));
}

struct json_out json_out_to(struct buf *buf)
{
    return (struct json_out){buf, false};
}

/* Called before every item, so that the next item has a comma before it. */
static void item_begin(struct json_out *o)
{
    if (o->comma)
        buf_add_char(o->buf, ',');
    o->comma = true;
}

void json_open(struct json_out *o, char bracket)
{
    item_begin(o);
    buf_add_char(o->buf, bracket);
    o->comma = false;
}

void json_close(struct json_out *o, char bracket)
{
    buf_add_char(o->buf, bracket);
    o->comma = true;
}

void json_key(struct json_out *o, const char *name)
{
    item_begin(o);
    json_quote(o->buf, span_str(name));
    buf_add_char(o->buf, ':');
    o->comma = false;
}

void json_text(struct json_out *o, struct span text)
{
    item_begin(o);
    json_quote(o->buf, text);
}

void json_str(struct json_out *o, const char *text)
{
    if (text)
        json_text(o, span_str(text));
    else
        json_null(o);
}

void json_int(struct json_out *o, int64_t v)
{
    item_begin(o);
    buf_printf(o->buf, "%" PRId64, v);
}

void json_bool(struct json_out *o, bool v)
{
    item_begin(o);
    buf_add_str(o->buf, v ? "true" : "false");
}

void json_null(struct json_out *o)
{
    item_begin(o);
    buf_add_str(o->buf, "null");
}

/* Written from integers: a double would bring the locale's decimal point. */
void json_seconds(struct json_out *o, int64_t us)
{
    uint64_t size = us < 0 ? -(uint64_t)us : (uint64_t)us;
    uint64_t ms = size / 1000 + (size % 1000 >= 500);
    item_begin(o);
    buf_printf(
        o->buf, "%s%" PRIu64 ".%03" PRIu64, us < 0 && ms > 0 ? "-" : "", ms / 1000, ms % 1000);
}

void json_time(struct json_out *o, int64_t wall_ms)
{
    char text[CLOCK_TEXT];
    clock_format(wall_ms, text);
    json_str(o, text);
}

void json_raw(struct json_out *o, struct span value)
{
    item_begin(o);
    buf_add_span(o->buf, value);
}

void json_put_text(struct json_out *o, const char *name, struct span text)
{
    json_key(o, name);
    json_text(o, text);
}

void json_put_str(struct json_out *o, const char *name, const char *text)
{
    json_key(o, name);
    json_str(o, text);
}

void json_put_int(struct json_out *o, const char *name, int64_t v)
{
    json_key(o, name);
    json_int(o, v);
}

void json_put_bool(struct json_out *o, const char *name, bool v)
{
    json_key(o, name);
    json_bool(o, v);
}

void json_put_raw(struct json_out *o, const char *name, struct span value)
{
    json_key(o, name);
    json_raw(o, value);
}
