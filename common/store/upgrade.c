/* upgrade - see upgrade.h. */
#include "store/upgrade.h"

#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "base/pack.h"
#include "store/audit.h"
#include "store/copy.h"
#include "store/executions.h"
#include "store/key.h"
#include "store/literals.h"
#include "store/open.h"
#include "store/walk.h"

/* Layout 2: an entry of `due` says whose queue its execution is in. */
static enum err give_due_its_queue(struct store_txn *txn, const struct home *home)
{
    (void)home;
    struct key key = KEY_INIT;
    struct span value;
    enum err err;
    while (!(err = walk_next(txn, TABLE_DUE, SPAN_NONE, &key, &value))) {
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
 * Appends a definition in which options.timeout, the time of one attempt, has the name that it has
 * from layout 3 on. All other bytes are as they were.
 */
static void rename_timeout(struct span definition, struct buf *out)
{
    struct json_item options, timeout;
    struct span rest = definition;
    if (json_find(definition, "options", &options) && options.type == JSON_OBJECT &&
        json_find(options.value, "timeout", &timeout)) {
        buf_add(out, rest.data, (size_t)(timeout.name.data - rest.data));
        buf_add_str(out, "attempt_timeout");
        const uint8_t *behind = timeout.name.data + timeout.name.len;
        rest = span_of(behind, rest.len - (size_t)(behind - rest.data));
    }
    buf_add_span(out, rest);
}

/*
 * Carries one version of a pipeline over: names its time limit, and takes its secrets out.
 * `record` dies with the first change.
 */
static enum err carry_version(
    struct store_txn *txn, const struct home *home, const struct key *key, struct span record)
{
    struct unpack u = unpack_from(record);
    struct buf copy = BUF_INIT, text = BUF_INIT, sealed = BUF_INIT;
    uint8_t version = unpack_u8(&u);
    int64_t created_ms = unpack_i64(&u);
    struct span before = unpack_bytes(&u);
    if (!u.bad)
        rename_timeout(before, &copy);
    bool renamed = copy.len != before.len;
    struct span id = span_str((const char *)key->bytes); /* a NUL ends it */
    enum err err = version == 1 && unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
    if (!err)
        err = literals_take_out_of(txn, home, id, buf_span(&copy), created_ms, &text);
    pack_u8(&sealed, version);
    pack_i64(&sealed, created_ms);
    pack_bytes(&sealed, buf_span(&text));
    if (!err && (renamed || !span_eq(buf_span(&text), buf_span(&copy))))
        err = store_put(txn, TABLE_PIPELINE_VERSIONS, key_span(key), buf_span(&sealed));
    buf_done(&copy);
    buf_done(&text);
    buf_done(&sealed);
    return err;
}

/* Layout 3: no definition has a secret in the clear, and `timeout` is of the whole execution. */
static enum err carry_definitions(struct store_txn *txn, const struct home *home)
{
    struct key key = KEY_INIT;
    struct span record;
    enum err err;
    while (!(err = walk_next(txn, TABLE_PIPELINE_VERSIONS, SPAN_NONE, &key, &record))) {
        err = carry_version(txn, home, &key, record);
        if (err)
            return err;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/*
 * What leads from each layout to the next one. A step writes what the layout it leads to
 * says, and not with a function that later layouts change.
 */
static enum err (*const steps[STORE_LAYOUT])(struct store_txn *txn, const struct home *home) = {
    [1] = give_due_its_queue,
    [2] = carry_definitions,
};

struct leaving {
    const struct home *home;
    uint64_t layout;
};

static enum err tell(struct store_txn *txn, uint64_t layout)
{
    struct buf detail = BUF_INIT;
    buf_printf(&detail, "{\"from\":%d,\"to\":%d}", (int)layout, (int)layout + 1);
    enum err err = audit_add(txn, AUDIT_HOME_UPGRADE, "home", SPAN_NONE, buf_span(&detail));
    buf_done(&detail);
    return err;
}

static enum err take_step(struct store_txn *txn, void *context)
{
    const struct leaving *leaving = context;
    enum err err = steps[leaving->layout](txn, leaving->home);
    if (!err)
        err = store_set_counter(txn, STORE_LAYOUT_COUNTER, leaving->layout + 1);
    return err ? err : tell(txn, leaving->layout);
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
        struct leaving leaving = {home, layout};
        err = store_write(store, 0, take_step, &leaving);
        if (err)
            log_error("the database cannot be brought from layout %d to %d (%s); it is as it was, "
                      "and a copy of it is in %s",
                (int)layout, (int)layout + 1, err_name(err), upgrade->copy);
    }
    return err;
}

enum err upgrade_open(const struct home *home, const struct actor *actor, struct store **ret_store,
    struct upgrade *ret_upgrade)
{
    struct store *store;
    *ret_upgrade = (struct upgrade){.to = STORE_LAYOUT};
    enum err err = open_env(home, STORE_READ_WRITE, &store);
    if (err)
        return err;
    store_set_actor(store, actor);
    err = open_layout(store, &ret_upgrade->from);
    if (!err && ret_upgrade->from && ret_upgrade->from < STORE_LAYOUT)
        err = carry_over(store, home, ret_upgrade);
    else if (!err)
        err = open_check_layout(store, ret_upgrade->from);
    if (!err)
        err = open_tables(store, STORE_READ_WRITE);
    if (err) {
        store_close(store);
        return err;
    }
    open_keep_layout(store);
    *ret_store = store;
    return ERR_OK;
}
