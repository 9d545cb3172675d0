#ifndef CONSOLE_ERASURES_H
#define CONSOLE_ERASURES_H
/*
 * erasures - what an event has brought is erased, with all that came of it.
 */
#include "web/request.h"

void erasures_make(struct request *request); /* POST /api/v1/admin/cids/{cid}/erase */

#endif
