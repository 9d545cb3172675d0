#ifndef EVENTS_SUBMIT_H
#define EVENTS_SUBMIT_H
/*
 * submit - the three submission routes. Each also takes CloudEvents over HTTP in their three
 * modes (cloudevents.h); what each says below is for requests that are no CloudEvents.
 */
#include "web/request.h"

/* POST /fx/events: {event_source, event_type, payload} */
void submit_event(struct request *request);

/* POST /fx/events/generic: any JSON object or array; ?event_type= ?event_source= */
void submit_generic(struct request *request);

/* POST /fx/events/webhook: likewise, from a webhook's sender, whose provider names the event */
void submit_webhook(struct request *request);

#endif
