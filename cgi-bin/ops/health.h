#ifndef OPS_HEALTH_H
#define OPS_HEALTH_H
/*
 * health - is this program there, is the home ready, and, for who may know, what is wrong.
 */
#include "web/request.h"

request_handler health_live, health_ready, health_details;

#endif
