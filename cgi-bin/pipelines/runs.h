#ifndef PIPELINES_RUNS_H
#define PIPELINES_RUNS_H
/*
 * runs - a pipeline run by hand, and what people do to one execution
 * (schema/openapi.yaml, tag "Pipelines").
 */
#include "web/request.h"

/* POST /api/v1/batches/{pipeline_id}?pipeline_version= with any JSON or nothing as the payload */
void runs_start(struct request *request);

/* POST /api/v1/executions/{id}/retry, /skip, /cancel */
void runs_retry(struct request *request);
void runs_skip(struct request *request);
void runs_cancel(struct request *request);

#endif
