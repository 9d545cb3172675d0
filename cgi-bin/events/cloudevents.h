#ifndef EVENTS_CLOUDEVENTS_H
#define EVENTS_CLOUDEVENTS_H
/*
 * cloudevents - requests that are CloudEvents (model/cloudevent.h): binary,
 * structured, batch.
 */
#include "web/request.h"

/* True when the request is a CloudEvent, or tries to be one: the request is then ended. */
bool cloudevents_take(struct request *request);

#endif
