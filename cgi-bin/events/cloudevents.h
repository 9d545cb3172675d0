#ifndef EVENTS_CLOUDEVENTS_H
#define EVENTS_CLOUDEVENTS_H
/*
 * cloudevents - requests that are CloudEvents (model/cloudevent.h): binary,
 * structured, batch.
 */
#include "web/request.h"

/* True when the request is one, or tries to be: it is then ended. */
bool cloudevents_take(struct request *request);

#endif
