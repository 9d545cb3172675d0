/* records - see records.h. */
#include "web/records.h"

#include <stdlib.h>
#include <string.h>

#define CONTENT_MAX 65528 /* bytes of one record; a multiple of 8, so that none is padded */
#define BEGIN_BYTES 8     /* of what a record that begins a request says, and one that ends it */

/* FastCGI 1.0, section 8. */
enum {
    VERSION = 1,
    BEGIN_REQUEST = 1,
    ABORT_REQUEST = 2,
    END_REQUEST = 3,
    PARAMS = 4,
    STDIN = 5,
    STDOUT = 6,
};

/* The head of a record (3.3). */
enum { AT_VERSION, AT_TYPE, AT_ID, AT_CONTENT = 4, AT_PADDING = 6, HEAD_BYTES = 8 };

static size_t number_at(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 8 | bytes[1];
}

/* Cuts what there is of so many bytes off the front. */
static struct span cut(struct span *bytes, size_t most)
{
    struct span front = span_of(bytes->data, bytes->len < most ? bytes->len : most);
    if (front.len)
        *bytes = span_of(bytes->data + front.len, bytes->len - front.len);
    return front;
}

/* Cuts a length off (3.4), of 1 byte, or of 4 where the first bit is set. */
static bool cut_length(struct span *stream, size_t *ret_length)
{
    size_t size = stream->len && stream->data[0] & 0x80 ? 4 : 1;
    struct span length = cut(stream, size);
    if (length.len < size)
        return false;
    *ret_length = length.data[0] & 0x7f;
    for (size_t i = 1; i < size; i++)
        *ret_length = *ret_length << 8 | length.data[i];
    return true;
}

static bool cut_pair(struct span *stream, struct span *ret_name, struct span *ret_value)
{
    size_t name, value;
    if (!cut_length(stream, &name) || !cut_length(stream, &value) || name > stream->len ||
        value > stream->len - name)
        return false;
    *ret_name = cut(stream, name);
    *ret_value = cut(stream, value);
    return true;
}

/* How many parameters are there? False where their lengths are not those of the stream. */
static bool count_pairs(struct span stream, size_t *ret_count)
{
    struct span name, value;
    for (*ret_count = 0; stream.len; ++*ret_count)
        if (!cut_pair(&stream, &name, &value))
            return false;
    return true;
}

/*
 * Makes "NAME=value" and a NUL of each pair, in its place: the two lengths before a pair have had
 * at least as much room as these two characters.
 */
static bool take_params(struct records_request *r)
{
    struct span stream = buf_span(&r->params), name, value;
    uint8_t *to = r->params.data;
    size_t count;
    if (!count_pairs(stream, &count))
        return false;
    r->variables = mem_alloc((count + 1) * sizeof *r->variables);
    for (size_t i = 0; i < count && cut_pair(&stream, &name, &value); i++) {
        r->variables[i] = (char *)to;
        memmove(to, name.data, name.len);
        to += name.len;
        *to++ = '=';
        memmove(to, value.data, value.len);
        to += value.len;
        *to++ = 0;
    }
    return true;
}

/* Is the record at hand one of this kind, of this request? */
static bool is_own(const struct records_request *r, uint8_t type)
{
    return r->head[AT_TYPE] == type && (int)number_at(r->head + AT_ID) == r->id;
}

/* Anything else ends the request: what comes behind it is not understood. */
static bool is_expected(const struct records_request *r)
{
    static const uint8_t order[] = {BEGIN_REQUEST, PARAMS};
    if (r->head[AT_VERSION] != VERSION || !r->id)
        return false;
    if (r->stage == RECORDS_STDIN)
        return !is_own(r, ABORT_REQUEST);
    return is_own(r, order[r->stage]) && (r->stage != RECORDS_BEGIN || r->content == BEGIN_BYTES);
}

static void begin_record(struct records_request *r)
{
    if (r->stage == RECORDS_BEGIN)
        r->id = (int)number_at(r->head + AT_ID);
    r->content = number_at(r->head + AT_CONTENT);
    r->padding = r->head[AT_PADDING];
    if (!is_expected(r))
        records_end(r);
}

static void take_content(struct records_request *r, struct span part)
{
    if (r->stage == RECORDS_PARAMS) {
        buf_add_span(&r->params, part);
        if (r->params.len > RECORDS_PARAMS_MAX)
            r->is = RECORDS_BAD;
    } else if (r->stage == RECORDS_STDIN && is_own(r, STDIN)) {
        buf_add_span(&r->body, cut(&part, r->body_most - r->body.len));
    }
}

/* An empty record ends a stream. */
static void end_record(struct records_request *r)
{
    bool empty = !number_at(r->head + AT_CONTENT);
    r->head_len = 0;
    if (r->stage == RECORDS_BEGIN) {
        r->stage = RECORDS_PARAMS;
    } else if (r->stage == RECORDS_PARAMS && empty) {
        r->stage = RECORDS_STDIN;
        if (!take_params(r))
            r->is = RECORDS_BAD;
    } else if (empty && is_own(r, STDIN)) {
        r->is = RECORDS_WHOLE;
    }
}

/* Takes some of the bytes: of a record's head, its content, or its padding. */
static void take_some(struct records_request *r, struct span *bytes)
{
    if (r->head_len < HEAD_BYTES) {
        struct span part = cut(bytes, HEAD_BYTES - r->head_len);
        memcpy(r->head + r->head_len, part.data, part.len);
        r->head_len += part.len;
        if (r->head_len == HEAD_BYTES)
            begin_record(r);
    } else if (r->content) {
        struct span part = cut(bytes, r->content);
        r->content -= part.len;
        take_content(r, part);
    } else {
        r->padding -= cut(bytes, r->padding).len;
    }
    if (r->is == RECORDS_PART && r->head_len == HEAD_BYTES && !r->content && !r->padding)
        end_record(r);
}

enum records records_read(struct records_request *r, struct span bytes)
{
    size_t before = bytes.len;
    while (bytes.len && r->is == RECORDS_PART)
        take_some(r, &bytes);
    r->came += before - bytes.len;
    r->followed |= bytes.len > 0;
    return r->came > RECORDS_MAX ? records_end(r) : r->is;
}

enum records records_end(struct records_request *r)
{
    if (r->is == RECORDS_PART)
        r->is = r->variables ? RECORDS_BROKEN : RECORDS_BAD;
    return r->is;
}

size_t records_held(const struct records_request *r)
{
    return r->params.cap + r->body.cap;
}

void records_done(struct records_request *r)
{
    free(r->variables);
    buf_done(&r->params);
    buf_done(&r->body);
}

static void add_header(struct buf *out, int request_id, uint8_t type, size_t content)
{
    const uint8_t head[HEAD_BYTES] = {
        [AT_VERSION] = VERSION,
        [AT_TYPE] = type,
        [AT_ID] = (uint8_t)(request_id >> 8),
        [AT_ID + 1] = (uint8_t)request_id,
        [AT_CONTENT] = (uint8_t)(content >> 8),
        [AT_CONTENT + 1] = (uint8_t)content,
    };
    buf_add(out, head, sizeof head);
}

void records_add_reply(struct buf *out, int request_id, struct span head, struct span body)
{
    static const uint8_t complete[BEGIN_BYTES] = {0}; /* the request has been served (5.5) */
    size_t left = head.len + body.len, count = left / CONTENT_MAX + 3;
    buf_reserve(out, left + count * HEAD_BYTES + sizeof complete);
    for (size_t len; left; left -= len) {
        len = left < CONTENT_MAX ? left : CONTENT_MAX;
        add_header(out, request_id, STDOUT, len);
        struct span front = cut(&head, len);
        buf_add_span(out, front);
        buf_add_span(out, cut(&body, len - front.len));
    }
    add_header(out, request_id, STDOUT, 0);
    add_header(out, request_id, END_REQUEST, sizeof complete);
    buf_add(out, complete, sizeof complete);
}
