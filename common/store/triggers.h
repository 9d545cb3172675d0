#ifndef STORE_TRIGGERS_H
#define STORE_TRIGGERS_H
/*
 * triggers - the triggers of all pipelines, live and ended (model/trigger.h),
 * and what the dispatcher tells of their event services.
 *
 * An ended generation stays until the dispatcher has routed the events that
 * belong to it. Every change adds one to a counter, so the dispatcher knows when
 * to look.
 */
#include "model/trigger.h"
#include "store/store.h"

/*
 * Starts the trigger of a pipeline, or replaces the one it has: the version is
 * pinned (0: the latest), the new generation begins at the end of the log.
 * ERR_NOTFOUND: no such pipeline or version. ERR_INVALID: that version has no
 * event option.
 */
enum err triggers_start(
    struct store_txn *txn, struct span pipeline_id, uint32_t version, int64_t now_ms) MUST_CHECK;

/* Ends the live one. ERR_NOTFOUND when none is started. */
enum err triggers_stop(struct store_txn *txn, struct span pipeline_id) MUST_CHECK;

/* The live one of a pipeline. Text borrows from the transaction. */
enum err triggers_get(
    struct store_txn *txn, struct span pipeline_id, struct trigger *ret_trigger) MUST_CHECK;

/* All, live and ended, in the order of pipeline id and generation, until visit says false. */
enum err triggers_each(struct store_txn *txn,
    bool (*visit)(const struct trigger *trigger, void *context), void *context) MUST_CHECK;

/* The number of changes so far. */
enum err triggers_changes(struct store_txn *txn, uint64_t *ret_changes) MUST_CHECK;

/* Something else has changed that the dispatcher reads together with the triggers. */
enum err triggers_note_change(struct store_txn *txn) MUST_CHECK;

/*
 * For the dispatcher: forgets an ended generation, with the note of its schedule where no other
 * goes on with its queue; or notes how far its backfill has come.
 */
enum err triggers_drop(struct store_txn *txn, const struct trigger *trigger) MUST_CHECK;
enum err triggers_set_backfill(
    struct store_txn *txn, const struct trigger *trigger, uint64_t seq) MUST_CHECK;

/* What the dispatcher knows of the event service of a queue. */
struct service_report {
    uint64_t generation; /* of the trigger, the newest it has taken up */
    uint32_t instances, running;
    uint64_t pending;
};

enum err services_put(
    struct store_txn *txn, uint64_t queue, const struct service_report *service) MUST_CHECK;
enum err services_clear(struct store_txn *txn) MUST_CHECK; /* all of them */
enum err services_del(struct store_txn *txn, uint64_t queue) MUST_CHECK;
/* All zero when the dispatcher has not said anything yet. */
enum err services_get(
    struct store_txn *txn, uint64_t queue, struct service_report *ret_service) MUST_CHECK;

/* How far the dispatcher has come with the schedule of a queue's trigger. Wall clock. */
struct tick {
    int64_t seen_ms; /* no tick up to then is to come any more */
    int64_t due_ms;  /* the first one after it */
};

enum err ticks_put(struct store_txn *txn, uint64_t queue, const struct tick *tick) MUST_CHECK;
enum err ticks_del(struct store_txn *txn, uint64_t queue) MUST_CHECK;
/* ERR_NOTFOUND: nothing is noted. */
enum err ticks_get(struct store_txn *txn, uint64_t queue, struct tick *ret_tick) MUST_CHECK;

#endif
