#ifndef CONSOLE_AUDIT_H
#define CONSOLE_AUDIT_H
/*
 * audit - what people have changed, and programs with a key.
 */
#include "web/request.h"

void audit_rows(struct request *request); /* GET /api/v1/admin/audit */

#endif
