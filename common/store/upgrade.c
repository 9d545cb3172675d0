/* upgrade - see upgrade.h. */
#include "store/upgrade.h"

#include <stdio.h>

#include "base/log.h"
#include "store/copy.h"
#include "store/executions.h"
#include "store/key.h"
#include "store/open.h"

/* The key of a table that follows *key, copied into it. ERR_NOTFOUND at the end. */
static enum err next_key(struct store_txn *txn, enum store_table table, struct key *key)
{
    struct store_cursor cursor;
    struct span found, value;
    enum err err = store_cursor_open(txn, table, &cursor);
    if (err)
        return err;
    err = store_cursor_seek(&cursor, key_span(key), &found, &value);
    if (!err && span_eq(found, key_span(key)))
        err = store_cursor_next(&cursor, &found, &value);
    if (!err) {
        *key = KEY_INIT;
        key_bytes_add(key, found);
    }
    store_cursor_close(&cursor);
    return err;
}

/* Layout 2: an entry of `due` says whose queue its execution is in. */
static enum err give_due_its_queue(struct store_txn *txn)
{
    struct key key = key_of_seq(0); /* before all keys of the table */
    enum err err;
    while (!(err = next_key(txn, TABLE_DUE, &key))) {
        struct uuid id = key_tail_uuid(key_span(&key));
        struct execution execution;
        err = executions_get(txn, &id, &execution, NULL);
        if (err)
            return err == ERR_NOTFOUND ? ERR_CORRUPT : err;
        struct key queue = key_of_seq(execution.queue);
        err = store_put(txn, TABLE_DUE, key_span(&key), key_span(&queue));
        if (err)
            return err;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/*
 * What leads from each layout to the next one. A step writes what the layout it leads to
 * says, and not with a function that later layouts change.
 */
static enum err (*const steps[STORE_LAYOUT])(struct store_txn *txn) = {
    [1] = give_due_its_queue,
};

static enum err take_step(struct store_txn *txn, void *context)
{
    const uint64_t *layout = context;
    enum err err = steps[*layout](txn);
    return err ? err : store_set_counter(txn, STORE_LAYOUT_COUNTER, *layout + 1);
}

static enum err carry_over(struct store *store, const struct home *home, struct upgrade *upgrade)
{
    char name[32];
    snprintf(name, sizeof name, "db.layout-%d", (int)upgrade->from);
    home_path(home, name, upgrade->copy);
    enum err err = copy_store(store, name);
    if (!err)
        err = open_tables(store, STORE_READ_WRITE);
    for (uint64_t layout = upgrade->from; !err && layout < upgrade->to; layout++) {
        err = store_write(store, 0, take_step, &layout);
        if (err)
            log_error("the database cannot be brought from layout %d to %d (%s); it is as it was, "
                      "and a copy of it is in %s",
                (int)layout, (int)layout + 1, err_name(err), upgrade->copy);
    }
    return err;
}

enum err upgrade_open(
    const struct home *home, struct store **ret_store, struct upgrade *ret_upgrade)
{
    struct store *store;
    *ret_upgrade = (struct upgrade){.to = STORE_LAYOUT};
    enum err err = open_env(home, STORE_READ_WRITE, &store);
    if (err)
        return err;
    err = open_layout(store, &ret_upgrade->from);
    if (!err && ret_upgrade->from && ret_upgrade->from < STORE_LAYOUT)
        err = carry_over(store, home, ret_upgrade);
    else if (!err)
        err = open_check_layout(store, ret_upgrade->from);
    if (!err)
        err = open_tables(store, STORE_READ_WRITE);
    if (err)
        store_close(store);
    else
        *ret_store = store;
    return err;
}
