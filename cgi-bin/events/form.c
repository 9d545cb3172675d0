/* form - see form.h. */
#include "cgi-bin/events/form.h"

#include "base/json.h"
#include "base/utf8.h"
#include "cgi-bin/events/provider.h"
#include "model/urlencoded.h"
#include "web/body.h"

#define FIELD "payload"

static bool refuse(struct request *request, const char *why)
{
    reply_problem(request, 400, "%s", why);
    return false;
}

/* Adds a field to an object of strings. False for what is badly encoded, or no UTF-8. */
static bool put_field(
    struct request *request, struct json_out *o, struct span raw_name, struct span raw_value)
{
    struct span name, value;
    if (!request_decoded(request, raw_name, &name) ||
        !request_decoded(request, raw_value, &value) || !utf8_is(name.data, name.len) ||
        !utf8_is(value.data, value.len))
        return false;
    json_key(o, (const char *)name.data);
    json_text(o, value);
    return true;
}

/* Makes JSON of a form whose fields are what is sent. False when the request was answered. */
static bool read_fields(struct request *request, struct span *ret_json)
{
    struct span form = request->body, name, value;
    struct buf text = BUF_INIT;
    struct json_out o = json_out_to(&text);
    bool good = true;
    json_open(&o, '{');
    while (good && urlencoded_next(&form, &name, &value))
        good = put_field(request, &o, name, value);
    json_close(&o, '}');
    *ret_json = arena_keep(&request->arena, &text);
    return good || refuse(request, "A field of the form is badly encoded.");
}

bool form_read_body(struct request *request, struct span *ret_json)
{
    struct span raw;
    if (!urlencoded_is(request_header(request, "CONTENT_TYPE")))
        return body_read_json(request, &json_foreign, ret_json);
    size_t found = urlencoded_find(request->body, FIELD, &raw);
    if (!found && request->body.len && provider_sends_fields(request))
        return read_fields(request, ret_json);
    if (found != 1)
        return refuse(request, "A form must hold the JSON in one field named payload.");
    if (!request_decoded(request, raw, ret_json))
        return refuse(request, "The form's field payload is badly encoded.");
    return body_check_json(request, &json_foreign, "The form's field payload", ret_json);
}
