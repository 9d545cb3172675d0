/*
 * commit - group commit (see store.h): one thread leads, and commits in one
 * transaction what all threads have handed in. Threads that come to lead meanwhile
 * wait for it; the first of them then commits what all of them have handed in, and
 * the others find nothing left to do.
 *
 * Leader and followers rather than a thread of its own: a lone writer commits
 * without a switch of threads, and under load nobody is woken for a commit but
 * those who wait for its end.
 */
#include "store/commit.h"

#include <assert.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "home/stats.h"
#include "home/summon.h"
#include "home/wake.h"
#include "store/env.h"
#include "store/map.h"
#include "store/pauses.h"
#include "store/txn.h"

#define BATCH_MAX 1024    /* mutations in one commit: far below LMDB's limit of dirty pages */
#define ROOM_LOOK_MS 1000 /* how long a look at the free room is good for */
#define SLOW_US 3000      /* a commit that takes longer waits for the disk for most of its time */

void commit_queue_init(struct commit_queue *queue)
{
    pthread_mutex_init(&queue->lock, NULL);
    pthread_mutex_init(&queue->lead, NULL);
    queue->first = NULL;
    queue->last = &queue->first;
    queue->leaders = 0;
    queue->room_looked_ms = -ROOM_LOOK_MS;
    queue->accepting = true;
    queue->slow = false;
}

void commit_queue_done(struct commit_queue *queue)
{
    pthread_mutex_destroy(&queue->lock);
    pthread_mutex_destroy(&queue->lead);
}

/* Looked at now and then: the reserve is far larger than what arrives between two looks. */
static bool accepting(struct store *store)
{
    struct commit_queue *queue = &store->queue;
    int64_t now = clock_mono_ms();
    if (now - queue->room_looked_ms >= ROOM_LOOK_MS) {
        queue->room_looked_ms = now;
        queue->accepting = store_room(store).accepting;
    }
    return queue->accepting;
}

bool store_txn_has_room(const struct store_txn *txn)
{
    return txn->store->queue.accepting;
}

/* What has come of applying a batch. */
enum applied { APPLIED, APPLY_AGAIN, APPLY_GROW };

/* A change that somebody makes and that nothing tells of would be a hole in the audit. */
static enum err run(struct store_txn *txn, struct store_op *op)
{
    bool untold = op->flags & STORE_UNTOLD;
    txn->dirty = txn->told = false;
    txn->actor = untold ? NULL : op->actor ? op->actor : txn->store->actor;
    enum err err = op->mutation(txn, op->context);
    assert(err || !txn->actor || !txn->dirty || txn->told);
    return err;
}

/* Has an operator paused intake? */
static bool is_paused(struct store_txn *txn)
{
    static const uint8_t intake[] = {PAUSE_INTAKE};
    struct span pause;
    return store_get(txn, TABLE_PAUSES, span_of(intake, sizeof intake), &pause) == ERR_OK;
}

/* Settles what comes from outside while intake is paused. */
static void refuse_paused(struct store_txn *txn, struct store_op *batch)
{
    bool some = false;
    for (struct store_op *op = batch; op; op = op->next)
        some |= op->flags & STORE_INTAKE && !op->settled;
    if (!some || !is_paused(txn))
        return;
    for (struct store_op *op = batch; op; op = op->next) {
        if (op->flags & STORE_INTAKE && !op->settled) {
            op->settled = true;
            op->err = ERR_BUSY;
        }
    }
}

/*
 * Runs the mutations that are not settled. One that fails before it has changed
 * anything just keeps its error; one that fails later settles with it, and the
 * rest is run again without it.
 */
static enum applied apply(struct store_txn *txn, struct store_op *batch)
{
    for (struct store_op *op = batch; op; op = op->next) {
        if (op->settled)
            continue;
        op->err = run(txn, op);
        if (op->err && txn->full)
            return APPLY_GROW;
        if (op->err && txn->dirty) {
            op->settled = true;
            return APPLY_AGAIN;
        }
    }
    return APPLIED;
}

/* The store could not do it: every mutation that is not settled fails with this. */
static void fail(struct store_op *batch, enum err err)
{
    for (struct store_op *op = batch; op; op = op->next)
        if (!op->settled)
            op->err = err;
}

/*
 * Begins a transaction to write. A program of the version before may have the store open while a
 * dispatcher of the new one carries it over: what that program writes would be of the old layout.
 */
static enum err begin(struct store *store, struct store_txn **ret_txn)
{
    uint64_t layout;
    enum err err = txn_begin(store, ret_txn);
    if (err || !store->layout)
        return err;
    err = store_counter(*ret_txn, STORE_LAYOUT_COUNTER, &layout);
    if (!err && layout == store->layout)
        return ERR_OK;
    txn_abort(*ret_txn);
    if (err)
        return err;
    log_error("the database was brought to layout %" PRIu64 ", and this program, of another "
              "version, writes layout %" PRIu64 "; it ends, for the one that is installed now",
        layout, store->layout);
    store->broken = true;
    return ERR_BUSY;
}

/* Commits a batch. *ret_count: of how many mutations; ERR_OK as well where there is none. */
static enum err commit(struct store *store, struct store_op *batch, size_t *ret_count)
{
    *ret_count = 0;
    for (struct store_op *op = batch; op; op = op->next) {
        bool no_room = op->flags & (STORE_ACCEPT | STORE_LOOK) && !accepting(store);
        op->settled = op->flags & STORE_ACCEPT && no_room;
        if (op->settled)
            op->err = ERR_FULL;
        *ret_count += !op->settled;
    }
    while (*ret_count) {
        struct store_txn *txn;
        bool full = false;
        enum err err = begin(store, &txn);
        if (err) {
            fail(batch, err);
            return err;
        }
        refuse_paused(txn, batch);
        enum applied applied = apply(txn, batch);
        if (applied == APPLIED) {
            err = txn_commit(txn, &full);
            if (err && !full)
                fail(batch, err);
            if (!full)
                return err;
        } else {
            txn_abort(txn);
        }
        if ((full || applied == APPLY_GROW) && map_grow(store)) {
            fail(batch, ERR_FULL);
            return ERR_FULL;
        }
    }
    return ERR_OK;
}

static void commit_timed(struct store *store, struct store_op *batch)
{
    size_t count;
    int64_t began_us = clock_mono_us();
    enum err err = commit(store, batch, &count);
    int64_t now_us = clock_mono_us();
    atomic_store(&store->queue.slow, now_us - began_us > SLOW_US);
    if (count)
        stats_commit(count, now_us - began_us, now_us, err);
}

/* A hint: what goes wrong here is logged, and the event is on disk all the same. */
static void wake(const struct home *home)
{
    if (wake_send(home) == ERR_NOTFOUND && home->config.dispatcher_on_demand) {
        enum err err = summon_dispatcher(home);
        (void)err;
    }
}

static bool wants_wake(const struct store_op *batch)
{
    for (const struct store_op *op = batch; op; op = op->next)
        if (op->flags & STORE_WAKE && !op->err)
            return true;
    return false;
}

/* Takes up to BATCH_MAX of what was handed in. One who finds nothing looks no more. */
static struct store_op *take_batch(struct commit_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    struct store_op *batch = queue->first, **end = &queue->first;
    for (int n = 0; *end && n < BATCH_MAX; n++)
        end = &(*end)->next;
    queue->first = *end;
    if (!queue->first)
        queue->last = &queue->first;
    *end = NULL;
    if (!batch)
        queue->leaders--;
    pthread_mutex_unlock(&queue->lock);
    return batch;
}

void store_submit(struct store *store, struct store_op *op)
{
    struct commit_queue *queue = &store->queue;
    op->next = NULL;
    pthread_mutex_lock(&queue->lock);
    *queue->last = op;
    queue->last = &op->next;
    pthread_mutex_unlock(&queue->lock);
}

/* Those of a batch whose thread is called back; the others find their results when they lead. */
static struct store_op *with_done(struct store_op *batch)
{
    struct store_op *first = NULL, **end = &first;
    for (struct store_op *op = batch; op; op = op->next) {
        if (op->done) {
            *end = op;
            end = &op->next;
        }
    }
    *end = NULL;
    return first;
}

/*
 * Commits one batch. False when there was none. The lead is given up before anybody
 * is called back: that may take as long as a slow peer takes to read its reply.
 */
static bool lead(struct store *store)
{
    struct commit_queue *queue = &store->queue;
    pthread_mutex_lock(&queue->lead);
    struct store_op *batch = take_batch(queue);
    if (batch)
        commit_timed(store, batch);
    bool some = batch != NULL, wakes = wants_wake(batch);
    batch = with_done(batch);
    pthread_mutex_unlock(&queue->lead);
    if (wakes)
        wake(store->home);
    for (struct store_op *next; batch; batch = next) {
        next = batch->next; /* done may free it */
        batch->done(batch);
    }
    return some;
}

void store_lead(struct store *store)
{
    pthread_mutex_lock(&store->queue.lock);
    store->queue.leaders++;
    pthread_mutex_unlock(&store->queue.lock);
    while (lead(store))
        ;
}

bool store_is_led(struct store *store)
{
    pthread_mutex_lock(&store->queue.lock);
    bool led = store->queue.leaders > 0;
    pthread_mutex_unlock(&store->queue.lock);
    return led;
}

bool store_is_slow(struct store *store)
{
    return atomic_load(&store->queue.slow);
}

enum err store_write(struct store *store, unsigned flags, store_mutation *mutation, void *context)
{
    return store_write_for(store, NULL, flags, mutation, context);
}

enum err store_write_for(struct store *store, const struct actor *actor, unsigned flags,
    store_mutation *mutation, void *context)
{
    struct store_op op = {.mutation = mutation, .context = context, .flags = flags, .actor = actor};
    store_submit(store, &op);
    store_lead(store);
    return op.err;
}
