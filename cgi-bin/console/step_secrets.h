#ifndef CONSOLE_STEP_SECRETS_H
#define CONSOLE_STEP_SECRETS_H
/*
 * step_secrets - the secrets that steps are given (schema/openapi.yaml, tag "Administration"):
 * storing, listing and deleting them. A reply never has a value.
 */
#include "web/request.h"

/* GET /api/v1/admin/step-secrets?limit=&after= */
void step_secrets_rows(struct request *request);

/* PUT, GET, DELETE /api/v1/admin/step-secrets/{name} */
void step_secrets_store(struct request *request);
void step_secrets_show(struct request *request);
void step_secrets_remove(struct request *request);

#endif
