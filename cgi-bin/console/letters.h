#ifndef CONSOLE_LETTERS_H
#define CONSOLE_LETTERS_H
/*
 * letters - the dead letters (schema/openapi.yaml, tag "Administration"): listing
 * them, and trying them again.
 */
#include "web/request.h"

/* GET /api/v1/admin/dead-letters?pipeline_id=&limit=&after= */
void letters_list(struct request *request);

/* POST /api/v1/admin/dead-letters/{execution_id}/retry?version= */
void letters_retry(struct request *request);

/* POST /api/v1/admin/dead-letters/retry?pipeline_id=&version= */
void letters_retry_all(struct request *request);

#endif
