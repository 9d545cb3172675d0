#ifndef STATUS_RESULTS_H
#define STATUS_RESULTS_H
/*
 * results - CIDResult and ExecutionResult (schema/openapi.yaml), as they stand in the
 * store.
 */
#include "web/request.h"

/* GET /fx/cid/{cid}?wait=SECONDS&limit=&after= */
void results_of_cid(struct request *request);

/* GET /fx/cid/{cid}/explain */
void results_explain(struct request *request);

/* GET /fx/executions/{execution_id} */
void results_of_execution(struct request *request);

/* GET /fx/executions/{execution_id}/event: the event as its steps were given it, a CloudEvent. */
void results_event(struct request *request);

/* GET /fx/executions?status=&service=&pipeline_id=&event_type=&since=&until=&limit=&after=&full= */
void results_list(struct request *request);

#endif
