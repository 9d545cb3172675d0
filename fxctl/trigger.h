#ifndef FXCTL_TRIGGER_H
#define FXCTL_TRIGGER_H
/*
 * trigger - how `trigger status` and `status` show the started triggers.
 */
#include "fxctl/table.h"

/* How a list of triggers is shown. */
extern const struct column trigger_columns[];

#endif
