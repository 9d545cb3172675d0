/* records - see records.h. The only file that includes fastcgi.h. */
#include "web/records.h"

#include <fastcgi.h>
#include <string.h>

#define CONTENT_MAX 65528 /* bytes of one record; a multiple of 8, so that none is padded */

/* Reads the stream of parameters: the lengths of a name and its value, then both (3.4). */
struct lengths {
    uint8_t head[8]; /* the lengths, each of 1 byte, or of 4 where the first bit is set */
    size_t have;     /* bytes of them */
    size_t skip;     /* bytes of name and value that are to come */
};

/* A length of the pair, behind the other one, if it is whole. */
static bool take_length(const struct lengths *l, size_t *at, size_t *ret_length)
{
    const uint8_t *bytes = l->head + *at;
    size_t size = *at < l->have && bytes[0] & 0x80 ? 4 : 1;
    *ret_length = size == 1 ? bytes[0]
                            : (size_t)(bytes[0] & 0x7f) << 24 | (size_t)bytes[1] << 16 |
                                  (size_t)bytes[2] << 8 | bytes[3];
    *at += size;
    return *at <= l->have;
}

/* Goes on with a part of the stream. False where a length is beyond RECORDS_PARAMETER_MAX. */
static bool check_lengths(struct lengths *l, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (l->skip) {
            size_t some = l->skip < len - i ? l->skip : len - i;
            l->skip -= some;
            i += some;
            continue;
        }
        size_t at = 0, name, value;
        l->head[l->have++] = bytes[i++];
        if (!take_length(l, &at, &name) || !take_length(l, &at, &value))
            continue;
        if (name > RECORDS_PARAMETER_MAX || value > RECORDS_PARAMETER_MAX)
            return false;
        *l = (struct lengths){.skip = name + value};
    }
    return true;
}

enum records records_look(struct span bytes, size_t most)
{
    static const uint8_t order[] = {FCGI_BEGIN_REQUEST, FCGI_PARAMS, FCGI_STDIN};
    const size_t stages = sizeof order;
    size_t at = 0, stage = 0;
    FCGI_Header first = {0}, head;
    struct lengths lengths = {.skip = 0};
    while (stage < stages && at + sizeof head <= bytes.len) {
        memcpy(&head, bytes.data + at, sizeof head);
        if (at == 0)
            first = head;
        size_t content = (size_t)head.contentLengthB1 << 8 | head.contentLengthB0;
        size_t here = bytes.len - at - sizeof head;
        if (head.type == FCGI_PARAMS && !check_lengths(&lengths, bytes.data + at + sizeof head,
                                            content < here ? content : here))
            return RECORDS_BAD;
        at += sizeof head + content + head.paddingLength;
        if (head.type != order[stage] || head.requestIdB1 != first.requestIdB1 ||
            head.requestIdB0 != first.requestIdB0)
            return order[stage] == FCGI_STDIN ? RECORDS_OTHER : RECORDS_BAD;
        if (stage == 0 && (content != sizeof(FCGI_BeginRequestBody) || head.paddingLength))
            return RECORDS_BAD;
        if (at > most)
            return RECORDS_OTHER;
        if (stage == 0 || content == 0)
            stage++;
    }
    return stage == stages && at <= bytes.len ? RECORDS_WHOLE : RECORDS_PART;
}

static void add_header(struct buf *out, int request_id, uint8_t type, size_t content)
{
    FCGI_Header head = {
        .version = FCGI_VERSION_1,
        .type = type,
        .requestIdB1 = (uint8_t)(request_id >> 8),
        .requestIdB0 = (uint8_t)request_id,
        .contentLengthB1 = (uint8_t)(content >> 8),
        .contentLengthB0 = (uint8_t)content,
    };
    buf_add(out, &head, sizeof head);
}

/* Moves what there is of so many bytes from the front of the text to the end of the buffer. */
static size_t move(struct buf *out, struct span *text, size_t most)
{
    size_t len = text->len < most ? text->len : most;
    if (!len)
        return 0;
    buf_add(out, text->data, len);
    *text = span_of(text->data + len, text->len - len);
    return len;
}

void records_add_reply(struct buf *out, int request_id, struct span head, struct span body)
{
    static const FCGI_EndRequestBody complete = {.protocolStatus = FCGI_REQUEST_COMPLETE};
    size_t left = head.len + body.len, count = left / CONTENT_MAX + 3;
    buf_reserve(out, left + count * sizeof(FCGI_Header) + sizeof complete);
    for (size_t len; left; left -= len) {
        len = left < CONTENT_MAX ? left : CONTENT_MAX;
        add_header(out, request_id, FCGI_STDOUT, len);
        move(out, &body, len - move(out, &head, len));
    }
    add_header(out, request_id, FCGI_STDOUT, 0);
    add_header(out, request_id, FCGI_END_REQUEST, sizeof complete);
    buf_add(out, &complete, sizeof complete);
}
