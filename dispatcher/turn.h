#ifndef DISPATCHER_TURN_H
#define DISPATCHER_TURN_H
/*
 * turn - one look at everything, one commit, and then what that commit allows.
 */
#include "base/err.h"

struct dispatcher;

/* A turn that cannot be committed has not been, and is to be taken again later. */
enum err turn_take(struct dispatcher *d) MUST_CHECK;

#endif
