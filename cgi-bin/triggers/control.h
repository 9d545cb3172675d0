#ifndef TRIGGERS_CONTROL_H
#define TRIGGERS_CONTROL_H
/*
 * control - the routes of /api/v1/events (schema/openapi.yaml, tag "Events API").
 */
#include "web/request.h"

void control_start(struct request *request);
void control_status(struct request *request);
void control_stop(struct request *request);
void control_list(struct request *request);

#endif
