/* body - see body.h. */
#include "web/body.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"

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

bool body_check_json(struct request *request, struct span text, const char *what)
{
    struct json_fault fault;
    if (json_check(text, JSON_DEPTH_DEFAULT, &fault))
        return true;
    reply_problem(request, 400, "%s is not acceptable JSON: at byte %zu, %s.", what, fault.offset,
        fault.what);
    return false;
}

bool body_is_json(struct request *request)
{
    if (!is_json(request_header(request, "CONTENT_TYPE"))) {
        reply_problem(request, 415, "The body must be JSON: send Content-Type: application/json.");
        return false;
    }
    if (!request->body.len) {
        reply_problem(request, 400, "The body is empty; send a JSON object.");
        return false;
    }
    return body_check_json(request, request->body, "The body");
}
