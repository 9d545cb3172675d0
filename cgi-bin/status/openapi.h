#ifndef STATUS_OPENAPI_H
#define STATUS_OPENAPI_H
/*
 * openapi - GET /fx/openapi.json: the description of the whole interface, as
 * schema/openapi.json had it when the program was built. And GET /, which leads there. Both are
 * open to all.
 */
#include "web/request.h"

void openapi(struct request *request);
void openapi_root(struct request *request);

#endif
