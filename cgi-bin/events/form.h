#ifndef EVENTS_FORM_H
#define EVENTS_FORM_H
/*
 * form - a JSON payload in a form's field, which GitHub sends where a webhook's content type
 * was left at application/x-www-form-urlencoded; and forms that are the payload themselves, as
 * those of Slack's slash commands, which become an object of strings.
 */
#include "web/request.h"

/*
 * The JSON of the request, checked: its body, or the field "payload" of a form, or all fields.
 * False when the request was answered.
 */
bool form_read_body(struct request *request, struct span *ret_json);

#endif
