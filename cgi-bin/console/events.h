#ifndef CONSOLE_EVENTS_H
#define CONSOLE_EVENTS_H
/*
 * events - the events of the log (schema/openapi.yaml, tag "Administration"): lists of them, and
 * one with all that is known of it.
 */
#include "web/request.h"

/* GET /api/v1/admin/events?type=&source=&topic=&credential=&door=&since=&until=&limit=&before= */
void events_list(struct request *request);

/* GET /api/v1/admin/events/{seq} */
void events_show(struct request *request);

/* GET /api/v1/admin/events/{seq}/payload */
void events_payload(struct request *request);

#endif
