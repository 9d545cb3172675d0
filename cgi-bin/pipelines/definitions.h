#ifndef PIPELINES_DEFINITIONS_H
#define PIPELINES_DEFINITIONS_H
/*
 * definitions - the routes of /api/v1/pipelines (schema/openapi.yaml, tag "Pipelines").
 *
 * A version is answered with an ETag, the version's number in quotes. PUT takes that tag in
 * If-Match, against lost updates.
 */
#include "web/request.h"

void definitions_list(struct request *request);
void definitions_create(struct request *request);
void definitions_get(struct request *request);
void definitions_replace(struct request *request);
void definitions_delete(struct request *request);
void definitions_versions(struct request *request);
void definitions_version(struct request *request);

#endif
