#ifndef EVENTS_ACCEPT_H
#define EVENTS_ACCEPT_H
/*
 * accept - from a request to an event in the log.
 */
#include "web/request.h"

/* POST /fx/events: {event_source, event_type, payload} */
void accept_event(struct request *request);

#endif
