#ifndef STATUS_STEP_LOGS_H
#define STATUS_STEP_LOGS_H
/*
 * step_logs - the log of a step as text, also while it grows (view/step_log.h).
 */
#include "web/request.h"

/* GET /fx/executions/{execution_id}/log?step=NAME&from=BYTE&wait=SECONDS */
void step_logs(struct request *request);

#endif
