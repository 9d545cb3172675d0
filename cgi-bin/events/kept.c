/* kept - see kept.h. */
#include "cgi-bin/events/kept.h"

#include <string.h>

#include "base/ascii.h"
#include "base/names.h"
#include "model/limits.h"
#include "web/sender.h"

static enum event_door find_door(struct span path)
{
    return span_eq_str(path, "/fx/events/webhook")   ? DOOR_WEBHOOK
           : span_eq_str(path, "/fx/events/generic") ? DOOR_GENERIC
                                                     : DOOR_EVENTS;
}

/* Finds what a name has. False: it did not come. A value that cannot be kept has no data (NULL). */
typedef bool find_value(struct request *request, const char *name, struct span *ret_value);

/* A generic scheme has its own header, which may hold the secret itself. */
static bool is_signature(const struct scheme *scheme, const char *name)
{
    return scheme && (strcmp(scheme->header, name) == 0 || strcmp(scheme->alt_header, name) == 0);
}

static bool find_header(struct request *request, const char *name, struct span *ret_value)
{
    struct signed_request message = request_signed(request);
    bool twice = false;
    struct span value = message.header(message.context, name, &twice);
    bool good = !twice && !is_signature(request->scheme, name);
    *ret_value = good ? value : SPAN_NONE;
    return value.data != NULL;
}

static bool find_member(struct request *request, const char *name, struct span *ret_value)
{
    enum err err = request_query(request, name, ret_value);
    if (err)
        *ret_value = SPAN_NONE;
    return err != ERR_NOTFOUND;
}

static void put(struct json_out *o, const char *name, struct span value)
{
    bool fits = value.data && value.len <= EVENT_KEPT_VALUE_MAX &&
                o->buf->len + json_quoted_len(value) <= EVENT_KEPT_MAX;
    if (fits)
        json_put_text(o, name, value);
    else
        json_put_str(o, name, NULL);
}

/* Collects what the names of a list have into an object. `lower`: in lower case. */
static struct span collect(struct request *request, const char *list, find_value *find, bool lower)
{
    struct buf text = BUF_INIT;
    struct json_out o = json_out_to(&text);
    size_t len;
    json_open(&o, '{');
    for (list = names_next(list, &len); len; list = names_next(list + len, &len)) {
        char name[KEEP_NAME_MAX + 1];
        struct span value;
        memcpy(name, list, len);
        name[len] = 0;
        for (size_t i = 0; lower && i < len; i++)
            name[i] = (char)ascii_lower((uint8_t)name[i]);
        if (find(request, name, &value))
            put(&o, name, value);
    }
    json_close(&o, '}');
    return arena_keep(&request->arena, &text);
}

static struct span find_address(struct request *request)
{
    struct network address;
    if (!sender_address(request, &address))
        return SPAN_NONE;
    return arena_copy(&request->arena, span_of(address.bytes, address.family == AF_INET ? 4 : 16));
}

void kept_note(struct request *request, struct event *events, size_t count)
{
    const struct config *config = &request->home->config;
    enum event_door door = find_door(request->path);
    struct span address = SPAN_NONE, headers = SPAN_NONE, query = SPAN_NONE;
    if (config->web_keep_address)
        address = find_address(request);
    if (config->web_keep_headers[0])
        headers = collect(request, config->web_keep_headers, find_header, true);
    if (config->web_keep_query[0])
        query = collect(request, config->web_keep_query, find_member, false);
    for (size_t i = 0; i < count; i++) {
        events[i].door = door;
        events[i].credential = request->credential.id;
        events[i].address = address;
        events[i].headers = headers;
        events[i].query = query;
    }
}
