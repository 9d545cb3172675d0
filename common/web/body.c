/* body - see body.h. */
#include "web/body.h"

#include <string.h>
#include <strings.h>

static bool is_json(struct span type)
{
    const uint8_t *semicolon = type.len ? memchr(type.data, ';', type.len) : NULL;
    if (semicolon)
        type.len = (size_t)(semicolon - type.data);
    while (type.len && (type.data[type.len - 1] == ' ' || type.data[type.len - 1] == '\t'))
        type.len--;
    const char *text = (const char *)type.data;
    return !type.len || (type.len == 16 && strncasecmp(text, "application/json", 16) == 0) ||
           (type.len > 5 && strncasecmp(text + type.len - 5, "+json", 5) == 0);
}

bool body_check_json(
    struct request *request, const struct json_rules *rules, const char *what, struct span *text)
{
    struct json_fault fault;
    struct span whole = *text;
    if (rules->count)
        *text = json_behind_mark(whole);
    if (json_check_by(*text, JSON_DEPTH_DEFAULT, rules, &fault))
        return true;
    reply_problem(request, 400, "%s is not acceptable JSON: at byte %zu, %s.", what,
        whole.len - text->len + fault.offset, fault.what);
    return false;
}

bool body_read_json(struct request *request, const struct json_rules *rules, struct span *ret_json)
{
    if (!is_json(request_header(request, "CONTENT_TYPE"))) {
        reply_problem(request, 415, "The body must be JSON: send Content-Type: application/json.");
        return false;
    }
    if (!request->body.len) {
        reply_problem(request, 400, "The body is empty; send a JSON object.");
        return false;
    }
    *ret_json = request->body;
    return body_check_json(request, rules, "The body", ret_json);
}

bool body_is_json(struct request *request)
{
    static const struct json_rules ours = {.count = 0};
    struct span json;
    return body_read_json(request, &ours, &json);
}
