#ifndef OPS_PROGRAMS_H
#define OPS_PROGRAMS_H
/*
 * programs - metrics of what the programs of the home have counted of themselves (home/stats.h).
 */
#include "cgi-bin/ops/exposition.h"

void programs_print(struct exposition *e);

#endif
