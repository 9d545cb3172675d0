#ifndef MODEL_FAILURE_H
#define MODEL_FAILURE_H
/*
 * failure - what the event fx.execution.failed says of an execution that has failed for good, so
 * that a pipeline can tell people.
 */
#include <stdbool.h>

#include "base/json.h"
#include "model/event.h"
#include "model/execution.h"

#define FAILURE_TYPE "fx.execution.failed"
#define FAILURE_SOURCE "/fx/executions"
#define FAILURE_TEXT_MAX 1024 /* bytes of an error, and of an event's id, that are told */

struct failure {
    const struct execution *execution;
    const struct attempt_result *last; /* its last attempt; NULL: none, or it is not known */
    const struct event *event;         /* that started it; NULL: it is no longer kept */
    const char *public_url;            /* where people reach the gateway; "": nobody knows */
    int64_t failed_ms;
};

/*
 * Has an event of this type started a pipeline that tells of executions? What fails of such a
 * pipeline is not told of, since that would start the pipeline again.
 */
bool failure_is_from_telling(struct span event_type);

/* Writes the payload of the event: one JSON object (schema/execution-failed.schema.json). */
void failure_format(const struct failure *failure, struct json_out *out);

#endif
