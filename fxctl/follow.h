#ifndef FXCTL_FOLLOW_H
#define FXCTL_FOLLOW_H
/*
 * follow - waits for what comes into the store, for commands that go on showing it.
 */
#include "fxctl/fxctl.h"

/*
 * Waits for a commit behind the one that was seen (store_txn_sees). False: nobody reads standard
 * output any more.
 */
bool follow_wait(struct fxctl *ctl, uint64_t seen);

#endif
