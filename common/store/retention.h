#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H
/*
 * retention - what is kept no longer. The log is gone through from its oldest event on, for each
 * kind of thing by itself, and what has come to its age is taken away: the payloads of events; what
 * executions have saved and written; then the rows of both. Nothing is taken from an event that
 * waits for anything: that is not routed yet, or has an execution that has not ended. Payloads and
 * logs that a walk has passed by are noted, and looked at again. Rows end with the first event that
 * waits, so that the log has no gaps.
 */
#include "base/id.h"
#include "home/config.h"
#include "store/store.h"

enum retention_kind { RETENTION_PAYLOADS, RETENTION_LOGS, RETENTION_ROWS, RETENTION_KIND__MAX };

/* "payloads". */
const char *retention_name(enum retention_kind kind);

/* How long they are kept, in milliseconds; 0: for ever. */
int64_t retention_age_ms(const struct config *config, enum retention_kind kind);

struct retention_sweep {
    enum retention_kind kind;
    int64_t before_ms; /* of events that were accepted before */
    uint64_t below;    /* and have a lower number: others are still to be started on; 0: any */
    size_t most;       /* events to look at */
    bool dry;          /* nothing is taken away: it is only counted, from behind `seq` on */
    uint64_t seq;      /* the last that was looked at */

    /* What was found. */
    uint64_t count, bytes; /* events or executions that something is taken of; added to */
    int64_t next_ms;       /* when the next event was accepted; INT64_MAX: none is there */
    bool more;             /* others have come to their age, too */
};

/* Goes on with a walk, in a mutation; where it is dry a read transaction will do. */
enum err retention_walk(struct store_txn *txn, struct retention_sweep *sweep) MUST_CHECK;

/*
 * Looks again at what was passed by, `most` events behind *seq, which it moves on; 0 at the end.
 * ERR_NOTFOUND: none was.
 */
enum err retention_look_again(
    struct store_txn *txn, enum retention_kind kind, size_t most, uint64_t *seq) MUST_CHECK;

/* An execution of the event is started anew: what it leaves is to go as well. */
enum err retention_started(struct store_txn *txn, uint64_t event_seq) MUST_CHECK;

/* Was this id made before the oldest event that is kept, while older ones were not? */
enum err retention_is_past(struct store_txn *txn, const struct uuid *id, bool *ret_past) MUST_CHECK;

/* ERR_GONE for an id that retention_is_past, else ERR_NOTFOUND, or what kept it from looking. */
enum err retention_missing(struct store_txn *txn, const struct uuid *id) MUST_CHECK;

#endif
