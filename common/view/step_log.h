#ifndef VIEW_STEP_LOG_H
#define VIEW_STEP_LOG_H
/*
 * step_log - the log of one step of an execution: as it grows while its attempt runs (live.h), and
 * as the store has it afterwards.
 *
 * Its bytes are counted from the beginning of what the step has written. Of a long log what
 * comes before its end is not there any more; once the attempt's file is gone, the count of such
 * a log begins with what the store has.
 */
#include "home/home.h"
#include "model/execution.h"
#include "model/limits.h"
#include "store/store.h"
#include "view/live.h"

struct step_log_query {
    struct uuid execution;
    struct span step; /* its name; SPAN_NONE: the step at hand, else the last that was begun */
    bool behind;      /* the first behind that one that was begun; empty: the first of all */
    uint64_t from;    /* bytes before this one are not asked for */
};

struct step_log {
    struct buf bytes;
    uint64_t from; /* which byte the first is; more than was asked for: some are gone */
    uint64_t next; /* which byte comes behind these */
    char step[STEP_NAME_MAX + 1]; /* "": no such step is known by now */
    uint32_t attempt;             /* whose it is; 0: none has begun */
    bool is_whole;                /* no more will come of this step */
    bool is_over;                 /* nor of any other, unless people try the execution again */
    bool no_such_step;
};

/* ERR_NOTFOUND: there is no such execution. On ERR_OK the bytes are the caller's (buf_done). */
enum err step_log_read(struct store_txn *txn, const struct home *home,
    const struct step_log_query *query, struct step_log *ret_log) MUST_CHECK;

#endif
