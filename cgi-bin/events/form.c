/* form - see form.h. */
#include "cgi-bin/events/form.h"

#include <string.h>
#include <strings.h>

#include "web/body.h"

#define FORM_TYPE "application/x-www-form-urlencoded"
#define FIELD "payload"

static bool is_form(const struct request *request)
{
    struct span type = request_header(request, "CONTENT_TYPE");
    size_t len = strlen(FORM_TYPE);
    return type.len >= len && strncasecmp((const char *)type.data, FORM_TYPE, len) == 0 &&
           (type.len == len || strchr("; \t", type.data[len]));
}

/* The raw value of the form's field. False when the field is missing, or there twice. */
static bool find_field(struct span form, struct span *ret_value)
{
    size_t found = 0;
    while (form.len) {
        const uint8_t *end = memchr(form.data, '&', form.len);
        struct span part = {form.data, end ? (size_t)(end - form.data) : form.len};
        if (span_starts(part, span_str(FIELD "=")) && found++ == 0)
            *ret_value = span_of(part.data + sizeof FIELD, part.len - sizeof FIELD);
        size_t taken = part.len + (end ? 1 : 0);
        form = span_of(form.data + taken, form.len - taken);
    }
    return found == 1;
}

bool form_read_body(struct request *request, struct span *ret_json)
{
    struct span raw;
    if (!is_form(request))
        return body_read_json(request, &json_foreign, ret_json);
    if (!find_field(request->body, &raw)) {
        reply_problem(request, 400, "A form must hold the JSON in one field named payload.");
        return false;
    }
    if (!form_decode(request, raw, ret_json)) {
        reply_problem(request, 400, "The form's field payload is badly encoded.");
        return false;
    }
    return body_check_json(request, &json_foreign, "The form's field payload", ret_json);
}
