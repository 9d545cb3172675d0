#ifndef DISPATCHER_OPENING_H
#define DISPATCHER_OPENING_H
/*
 * opening - opens the step secrets that a job needs, for its frame alone.
 */
#include "base/buf.h"
#include "base/err.h"

struct dispatcher;
struct store_txn;
struct version;

/*
 * Appends what the version refers to, as frame_job has it. ERR_DENIED with a sentence in ret_why:
 * a secret is not there, cannot be opened or does not fit its place.
 */
enum err opening_pack(const struct dispatcher *d, struct store_txn *txn,
    const struct version *version, struct buf *secrets, struct buf *ret_why) MUST_CHECK;

#endif
