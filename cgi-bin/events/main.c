/*
 * events - takes events in. The reply with the correlation id leaves when the event is on
 * disk; nothing else happens in a request.
 */
#include "cgi-bin/events/handshake.h"
#include "cgi-bin/events/submit.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"POST", "/fx/events", SCOPE_EVENTS, submit_event, .webhooks = true},
    {"POST", "/fx/events/generic", SCOPE_EVENTS, submit_generic, .webhooks = true},
    {"POST", "/fx/events/webhook", SCOPE_EVENTS, submit_webhook, .webhooks = true},
    {"OPTIONS", "/fx/events", SCOPE_NONE, handshake},
    {"OPTIONS", "/fx/events/generic", SCOPE_NONE, handshake},
    {"OPTIONS", "/fx/events/webhook", SCOPE_NONE, handshake},
};

int main(void)
{
    static const struct program events = {
        "events", STORE_READ_WRITE, routes, sizeof routes / sizeof routes[0], .reads_key = true};
    serve_main(&events);
}
