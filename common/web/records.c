/* records - see records.h. The only file that includes fastcgi.h. */
#include "web/records.h"

#include <fastcgi.h>
#include <string.h>

#define CONTENT_MAX 65528 /* bytes of one record; a multiple of 8, so that none is padded */

enum records records_look(struct span bytes, size_t most)
{
    static const uint8_t order[] = {FCGI_BEGIN_REQUEST, FCGI_PARAMS, FCGI_STDIN};
    const size_t stages = sizeof order;
    size_t at = 0, stage = 0;
    FCGI_Header first = {0}, head;
    while (stage < stages && at + sizeof head <= bytes.len) {
        memcpy(&head, bytes.data + at, sizeof head);
        if (at == 0)
            first = head;
        size_t content = (size_t)head.contentLengthB1 << 8 | head.contentLengthB0;
        at += sizeof head + content + head.paddingLength;
        if (head.type != order[stage] || head.requestIdB1 != first.requestIdB1 ||
            head.requestIdB0 != first.requestIdB0 || at > most)
            return RECORDS_OTHER;
        if (stage == 0 || content == 0)
            stage++;
    }
    return stage == stages && at <= bytes.len ? RECORDS_WHOLE : RECORDS_PART;
}

static void add(struct buf *out, int request_id, uint8_t type, struct span content)
{
    FCGI_Header head = {
        .version = FCGI_VERSION_1,
        .type = type,
        .requestIdB1 = (uint8_t)(request_id >> 8),
        .requestIdB0 = (uint8_t)request_id,
        .contentLengthB1 = (uint8_t)(content.len >> 8),
        .contentLengthB0 = (uint8_t)content.len,
    };
    buf_add(out, &head, sizeof head);
    buf_add_span(out, content);
}

void records_add_reply(struct buf *out, int request_id, struct span reply)
{
    static const FCGI_EndRequestBody complete = {.protocolStatus = FCGI_REQUEST_COMPLETE};
    size_t count = reply.len / CONTENT_MAX + 3;
    buf_reserve(out, reply.len + count * sizeof(FCGI_Header) + sizeof complete);
    for (size_t len; reply.len; reply = span_of(reply.data + len, reply.len - len)) {
        len = reply.len < CONTENT_MAX ? reply.len : CONTENT_MAX;
        add(out, request_id, FCGI_STDOUT, span_of(reply.data, len));
    }
    add(out, request_id, FCGI_STDOUT, SPAN_NONE);
    add(out, request_id, FCGI_END_REQUEST, span_of(&complete, sizeof complete));
}
