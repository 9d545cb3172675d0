/*
 * events - takes events in. The reply with the correlation id leaves after the
 * event is on disk; nothing else happens in the request.
 */
#include "accept.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"POST", "/fx/events", SCOPE_EVENTS, accept_event},
};

int main(void)
{
    static const struct program events = {
        "events", STORE_READ_WRITE, routes, sizeof routes / sizeof routes[0]};
    serve_main(&events);
}
