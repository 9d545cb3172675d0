#ifndef EVENTS_SUBMIT_H
#define EVENTS_SUBMIT_H
/*
 * submit - the three submission routes. Each also takes CloudEvents over HTTP in
 * their three modes (cloudevents.h); what follows is for requests that are none.
 */
#include "web/request.h"

/* POST /fx/events: {event_source, event_type, payload} */
void submit_event(struct request *request);

/* POST /fx/events/generic: any JSON object or array; ?event_type= ?event_source= */
void submit_generic(struct request *request);

/* POST /fx/events/webhook: the same from a webhook's sender, named after its provider (provider.h)
 */
void submit_webhook(struct request *request);

#endif
