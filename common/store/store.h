#ifndef STORE_STORE_H
#define STORE_STORE_H
/*
 * store - the LMDB environment of a home, and the only way to change it.
 *
 * Reading: store_read_begin, any gets and cursors, store_read_end; short, never
 * across I/O nor a write by the same thread, since a write may have to wait for all
 * readers before the map can grow. Spans point into the map and die with the
 * transaction.
 *
 * Writing: a mutation is a function that changes the store inside a write
 * transaction it is handed. store_write returns, and what was given to
 * store_submit is called back, when the mutation is durable: on disk, flushed.
 * Calls that are made while a commit is under way share the next one.
 *
 * A mutation that fails is undone alone. It may be run more than once (when a
 * neighbour fails or the map grows), so it sets its results afresh each time
 * and touches nothing outside its context. In a write transaction a span is
 * valid until the next change.
 *
 * What LMDB wants of its users (PLATFORM.md) is settled here: growth
 * of the map, by this process or another; stale and missing reader slots;
 * network file systems refused; no close in a process that ends.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "home/home.h"

enum store_table {
#define TABLE(constant, name, key, record, writer) TABLE_##constant,
#include "schema/tables.def"
#undef TABLE
    TABLE__MAX
};

struct actor; /* model/audit.h */
struct store;
struct store_txn;

enum store_mode { STORE_READ_ONLY, STORE_READ_WRITE };

/*
 * Opens the environment of a home that `fxctl init` has made. The home is
 * borrowed and must outlive the store. Every failure is logged with what to do:
 * ERR_NOTFOUND no database there, ERR_DENIED a network file system, or one that this
 * account may not open, ERR_CONFLICT one of another version, ERR_CORRUPT a damaged
 * or foreign one, ERR_IO. Never open one environment twice in a
 * process, and never use it across fork.
 */
enum err store_open(
    const struct home *home, enum store_mode mode, struct store **ret_store) MUST_CHECK;

/* Makes the environment and its tables where they are missing. */
enum err store_create(const struct home *home) MUST_CHECK;

/* Of LMDB, as this process has it: 10000 * major + 100 * minor + patch. */
int store_library_version(void);

/* For long-running programs that end in order; one-shot programs leave with _exit instead. */
void store_close(struct store *store);

/* Has LMDB said that this process must not use the environment? Leave then, to be restarted. */
bool store_is_broken(const struct store *store);

/*
 * The number of the last commit, by whichever process, told without a transaction. A commit
 * counts as soon as it is written, which is before it is flushed and before a read
 * transaction sees it (store_txn_sees).
 */
uint64_t store_last_commit(const struct store *store);

/* Frees the reader slots of processes that are gone. */
void store_clear_stale_readers(struct store *store);

/* Gives back the memory that the map takes up in this process; for a process that will rest. */
void store_rest(struct store *store);

/* How full the database may get, for health and metrics. */
struct store_room {
    int64_t used_bytes; /* pages in use; free pages inside the file not counted */
    int64_t max_bytes;  /* the largest the database may grow */
    int64_t disk_free_bytes;
    bool accepting; /* mutations with STORE_ACCEPT are not refused */
};
struct store_room store_room(struct store *store);

/* Reading. The transaction belongs to the calling thread until store_read_end. */
enum err store_read_begin(struct store *store, struct store_txn **ret_txn) MUST_CHECK;
void store_read_end(struct store_txn *txn);

/* Writing. */
#define STORE_ACCEPT 1u  /* new work: ERR_FULL while room is kept to finish what was accepted */
#define STORE_WAKE 2u    /* wake the dispatcher once the mutation is durable */
#define STORE_LOOK 4u    /* the mutation asks whether there is room (store_txn_has_room) */
#define STORE_UNTOLD 8u  /* an event tells by itself who brought it: no record in audit is due */
#define STORE_INTAKE 16u /* an event from outside: ERR_BUSY while intake is paused (pauses.h) */

typedef enum err store_mutation(struct store_txn *txn, void *context);

/* ERR_OK: durable. Else the mutation's own error, or the store's ERR_FULL, ERR_IO, ERR_CORRUPT. */
enum err store_write(
    struct store *store, unsigned flags, store_mutation *mutation, void *context) MUST_CHECK;

/* The same for an actor (store_set_actor). */
enum err store_write_for(struct store *store, const struct actor *actor, unsigned flags,
    store_mutation *mutation, void *context) MUST_CHECK;

/*
 * The same in two parts, for a thread that gathers several requests before they
 * are committed: store_submit only hands the mutation in; store_lead commits what
 * has been handed in, by whichever thread, once no other thread is committing.
 * Every store_submit is followed by a store_lead of the same thread, unless
 * store_is_led says otherwise, and when that returns, what the thread has handed
 * in is durable or has failed.
 *
 * `done` is called once, by the thread that committed the mutation, with err set; it
 * may free the op. It may take its time: other threads commit meanwhile, and so the
 * caller of store_lead may return before its own mutations have been called back.
 */
struct store_op {
    store_mutation *mutation;
    void *context;
    unsigned flags;
    void (*done)(struct store_op *op); /* NULL: nobody is called, and err says how it ended */
    const struct actor *actor;         /* who it is made for; NULL: as store_set_actor says */
    enum err err;
    bool settled; /* for the store alone */
    struct store_op *next;
};
void store_submit(struct store *store, struct store_op *op);
void store_lead(struct store *store);

/*
 * Does a thread lead? It will commit what was handed in until now, after it has called back those
 * of the commit at hand: for a mutation with a `done` that needs no store_lead then.
 */
bool store_is_led(struct store *store);

/* Did the last commit take so long that it is worth a switch of threads not to wait for one? */
bool store_is_slow(struct store *store);

/*
 * Who all mutations of this process are made for that name nobody, borrowed; NULL, as at first:
 * nobody, since FX Bridge makes them by itself. A mutation that is made for somebody, and changes
 * something, tells of it (store/audit.h) unless it has STORE_UNTOLD; else the process ends.
 */
void store_set_actor(struct store *store, const struct actor *actor);

/* In a mutation: who it is made for; NULL: nobody. */
const struct actor *store_txn_actor(const struct store_txn *txn);

/* In a mutation, for store/audit.h: it has told of itself. */
void store_txn_told(struct store_txn *txn);

/*
 * In a mutation, at its end: what store_last_commit says once this mutation is
 * committed and nobody else has written since.
 */
uint64_t store_txn_commit(const struct store_txn *txn);

/* The settings of the home that the store belongs to. */
const struct config *store_txn_config(const struct store_txn *txn);

/* In a mutation with STORE_LOOK: has the store room for new work, which it could leave out? */
bool store_txn_has_room(const struct store_txn *txn);

/* What store/counts.h gathers in a mutation; NULL: nothing is gathered. */
struct counts_tally;
void store_txn_set_tally(struct store_txn *txn, struct counts_tally *tally);
struct counts_tally *store_txn_tally(const struct store_txn *txn);

/* In a read transaction: the number of the last commit that it sees. */
uint64_t store_txn_sees(const struct store_txn *txn);

/* Inside a transaction. ERR_NOTFOUND where there is no such key. */
enum err store_get(struct store_txn *txn, enum store_table table, struct span key,
    struct span *ret_value) MUST_CHECK;
enum err store_put(
    struct store_txn *txn, enum store_table table, struct span key, struct span value) MUST_CHECK;
/* As store_put, for a key greater than all in the table. Packs pages full. */
enum err store_append(
    struct store_txn *txn, enum store_table table, struct span key, struct span value) MUST_CHECK;
enum err store_del(struct store_txn *txn, enum store_table table, struct span key) MUST_CHECK;
/* How many records a table has, which is noted: nothing is counted. */
enum err store_entries(
    struct store_txn *txn, enum store_table table, uint64_t *ret_count) MUST_CHECK;

/* The layout of a store as a whole; records carry their own versions. schema/store.md says how
 * it rises. */
#define STORE_LAYOUT 3
#define STORE_LAYOUT_COUNTER "format" /* the counter in the table meta */

/* Counters in the table meta. A counter that was never set is 0. */
enum err store_counter(struct store_txn *txn, const char *name, uint64_t *ret_value) MUST_CHECK;
enum err store_set_counter(struct store_txn *txn, const char *name, uint64_t value) MUST_CHECK;
/* Adds one to the counter, and gives the new value. */
enum err store_next(struct store_txn *txn, const char *name, uint64_t *ret_value) MUST_CHECK;

/* A place in a table, within one transaction. All moves give ERR_NOTFOUND at the ends. */
struct store_cursor {
    struct store *store;
    void *handle;
};
enum err store_cursor_open(
    struct store_txn *txn, enum store_table table, struct store_cursor *ret_cursor) MUST_CHECK;
void store_cursor_close(struct store_cursor *cursor);
/* Moves to the first key that is not less than `key`. */
enum err store_cursor_seek(struct store_cursor *cursor, struct span key, struct span *ret_key,
    struct span *ret_value) MUST_CHECK;
/* Moves to the last key that is less than `key`. */
enum err store_cursor_before(struct store_cursor *cursor, struct span key, struct span *ret_key,
    struct span *ret_value) MUST_CHECK;
enum err store_cursor_next(
    struct store_cursor *cursor, struct span *ret_key, struct span *ret_value) MUST_CHECK;
enum err store_cursor_prev(
    struct store_cursor *cursor, struct span *ret_key, struct span *ret_value) MUST_CHECK;
enum err store_cursor_last(
    struct store_cursor *cursor, struct span *ret_key, struct span *ret_value) MUST_CHECK;

#endif
