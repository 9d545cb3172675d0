#ifndef VIEW_OVERVIEW_H
#define VIEW_OVERVIEW_H
/*
 * overview - how a home fares, on one page.
 */
#include <sys/types.h>

#include "base/json.h"
#include "home/home.h"
#include "model/execution.h"
#include "model/limits.h"
#include "store/store.h"

/*
 * Executions that wait or run are counted to the end, for an operator asks about them.
 * Final executions grow with history, so counting them stops here.
 */
#define OVERVIEW_FINAL_MAX 100000

struct overview {
    pid_t pid;                    /* of the dispatcher; 0: none runs */
    bool alive;                   /* the dispatcher has shown itself lately */
    uint64_t first, last, routed; /* numbers of events; 0: there is none */
    uint64_t kept, waiting;       /* events in the log, and those that are not routed yet */
    uint64_t count[STATUS__MAX];  /* executions */
    bool at_least[STATUS__MAX];   /* the count stopped at the limit */
    struct store_room room;
    struct buf account;  /* that scripts run under; empty: the one that the dispatcher will have */
    struct buf missing;  /* what keeps scripts from being confined (home/confine.h) */
    struct buf triggers; /* JSON array of started triggers, each as in view/trigger.h: a page */
    char next[PIPELINE_ID_MAX + 1]; /* the `after` of the next page; empty: there is none */
};

/* Looks at a home and its open store. overview_done frees what was found, also after an error. */
enum err overview_read(
    struct store *store, const struct home *home, struct overview *ret_overview) MUST_CHECK;
void overview_done(struct overview *overview);

/*
 * Writes {"home", "dispatcher": {"alive", "pid"}, "events": {"first", "last", "kept",
 * "routed", "waiting"}, "executions": {STATUS: count}, "at_least": [STATUS], "triggers",
 * perhaps "next", "store": {"used_bytes", "max_bytes", "disk_free_bytes", "accepting"},
 * "steps": {"confine", "missing", "unconfined", "account"}}. In "steps", "confine" and
 * "unconfined" are as fx.conf has them, and "missing" and "account" are null where there is none.
 */
void overview_print(const struct overview *overview, const struct home *home, struct json_out *out);

#endif
