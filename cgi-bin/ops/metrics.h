#ifndef OPS_METRICS_H
#define OPS_METRICS_H
/*
 * metrics - how a home fares, in numbers, for Prometheus and what reads the same text.
 */
#include "web/request.h"

request_handler metrics;

#endif
