/* literal - see literal.h. */
#include "model/literal.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"

struct replacing {
    struct span rest; /* of the definition, not copied yet */
    literal_name *name;
    void *context;
    struct buf *out;
    enum err err;
};

static void copy(struct replacing *r, size_t len)
{
    buf_add(r->out, r->rest.data, len);
    r->rest = span_of(r->rest.data + len, r->rest.len - len);
}

/* Copies what stands before a literal, and writes the reference in its place. */
static void replace(struct replacing *r, const struct json_item *literal)
{
    struct buf value = BUF_INIT, name = BUF_INIT;
    struct json_out o = json_out_to(r->out);
    json_unescape(literal->value, &value);
    r->err = r->name(buf_span(&value), &name, r->context);
    copy(r, (size_t)(literal->value.data - r->rest.data));
    json_open(&o, '{');
    json_put_text(&o, "secret", buf_span(&name));
    json_close(&o, '}');
    r->rest = span_of(r->rest.data + literal->value.len, r->rest.len - literal->value.len);
    if (value.data)
        explicit_bzero(value.data, value.len);
    buf_done(&value);
    buf_done(&name);
}

/* Do credentials stand in the header? Names of headers are the same in either case. */
static bool is_secret_header(struct span escaped)
{
    static const char *const headers[] = {"authorization", "proxy-authorization", "cookie"};
    struct buf quoted = BUF_INIT, name = BUF_INIT;
    bool found = false;
    buf_printf(&quoted, "\"%.*s\"", (int)escaped.len, (const char *)escaped.data);
    json_unescape(buf_span(&quoted), &name);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        found |= strcasecmp(buf_text(&name), headers[i]) == 0;
    buf_done(&quoted);
    buf_done(&name);
    return found;
}

static void replace_in_headers(struct replacing *r, const struct json_item *headers)
{
    struct json_walk walk = json_walk_start(headers->value);
    for (struct json_item item; !r->err && json_walk_next(&walk, &item);)
        if (item.type == JSON_STRING && is_secret_header(item.name))
            replace(r, &item);
}

static void replace_in_http(struct replacing *r, const struct json_item *http)
{
    struct json_walk walk = json_walk_start(http->value);
    for (struct json_item item; !r->err && json_walk_next(&walk, &item);) {
        if (item.type == JSON_OBJECT && json_name_is(item.name, "headers"))
            replace_in_headers(r, &item);
        else if (item.type == JSON_STRING && json_name_is(item.name, "secret"))
            replace(r, &item);
    }
}

enum err literal_replace(struct span definition, literal_name *name, void *context, struct buf *out)
{
    struct replacing r = {definition, name, context, out, ERR_OK};
    struct json_item steps, http;
    if (json_find(definition, "steps", &steps) && steps.type == JSON_ARRAY) {
        struct json_walk walk = json_walk_start(steps.value);
        for (struct json_item step; !r.err && json_walk_next(&walk, &step);)
            if (step.type == JSON_OBJECT && json_find(step.value, "http", &http) &&
                http.type == JSON_OBJECT)
                replace_in_http(&r, &http);
    }
    copy(&r, r.rest.len);
    return r.err;
}
