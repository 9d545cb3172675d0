/* pauses - see pauses.h. */
#include "store/pauses.h"

#include "base/pack.h"
#include "store/audit.h"
#include "store/key.h"

#define PAUSE_RECORD 1 /* version of the stored form; schema/store.md says how to change it */

const char *pause_name(enum pause_kind kind)
{
    static const char *const names[PAUSE__MAX] = {
#define PAUSE(constant, name) [PAUSE_##constant] = name,
        PAUSES_KINDS(PAUSE)
#undef PAUSE
    };
    return names[kind];
}

static struct key key_of(enum pause_kind kind, struct span pipeline_id)
{
    struct key key = KEY_INIT;
    key_u8(&key, (uint8_t)kind);
    key_bytes_add(&key, pipeline_id);
    return key;
}

static enum err tell(struct store_txn *txn, enum audit_action action, enum pause_kind kind,
    struct span pipeline_id, struct span reason)
{
    struct buf detail = BUF_INIT;
    struct json_out out = json_out_to(&detail);
    json_open(&out, '{');
    json_put_str(&out, "what", pause_name(kind));
    if (reason.len)
        json_put_text(&out, "reason", reason);
    json_close(&out, '}');
    const char *thing = kind == PAUSE_PIPELINE ? "pipeline" : "home";
    enum err err = audit_add(txn, action, thing, pipeline_id, buf_span(&detail));
    buf_done(&detail);
    return err;
}

enum err pauses_set(struct store_txn *txn, const struct pause *pause)
{
    struct key key = key_of(pause->kind, pause->pipeline_id);
    struct buf record = BUF_INIT;
    pack_u8(&record, PAUSE_RECORD);
    pack_i64(&record, pause->since_ms);
    pack_bytes(&record, pause->reason);
    enum err err = store_put(txn, TABLE_PAUSES, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err ? err : tell(txn, AUDIT_PAUSE, pause->kind, pause->pipeline_id, pause->reason);
}

enum err pauses_lift(struct store_txn *txn, enum pause_kind kind, struct span pipeline_id)
{
    struct key key = key_of(kind, pipeline_id);
    enum err err = store_del(txn, TABLE_PAUSES, key_span(&key));
    return err ? err : tell(txn, AUDIT_RESUME, kind, pipeline_id, SPAN_NONE);
}

enum err pauses_drop(struct store_txn *txn, struct span pipeline_id)
{
    struct key key = key_of(PAUSE_PIPELINE, pipeline_id);
    enum err err = store_del(txn, TABLE_PAUSES, key_span(&key));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err decode(struct span key, struct span record, struct pause *ret_pause)
{
    struct unpack k = unpack_from(key), u = unpack_from(record);
    uint8_t kind = unpack_u8(&k);
    if (unpack_u8(&u) != PAUSE_RECORD || k.bad || kind >= PAUSE__MAX)
        return ERR_CORRUPT;
    *ret_pause = (struct pause){.kind = kind, .pipeline_id = k.rest};
    ret_pause->since_ms = unpack_i64(&u);
    ret_pause->reason = unpack_bytes(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}

enum err pauses_get(
    struct store_txn *txn, enum pause_kind kind, struct span pipeline_id, struct pause *ret_pause)
{
    struct key key = key_of(kind, pipeline_id);
    struct span record;
    enum err err = store_get(txn, TABLE_PAUSES, key_span(&key), &record);
    if (!err)
        err = decode(key_span(&key), record, ret_pause);
    ret_pause->pipeline_id = pipeline_id;
    return err;
}

enum err pauses_hold(struct store_txn *txn, struct span pipeline_id, bool *ret_held)
{
    struct pause pause;
    enum err err = pauses_get(txn, PAUSE_DISPATCHER, SPAN_NONE, &pause);
    if (err == ERR_NOTFOUND)
        err = pauses_get(txn, PAUSE_PIPELINE, pipeline_id, &pause);
    *ret_held = !err;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err pauses_each(
    struct store_txn *txn, void (*visit)(const struct pause *pause, void *context), void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_PAUSES, &cursor);
    if (err)
        return err;
    while (!(err = store_cursor_next(&cursor, &key, &value))) {
        struct pause pause;
        err = decode(key, value, &pause);
        if (err)
            break;
        visit(&pause, context);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
