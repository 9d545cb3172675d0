/* pipelines - see pipelines.h. */
#include "store/pipelines.h"

#include "base/pack.h"
#include "model/name.h"
#include "store/audit.h"
#include "store/pauses.h"
#include "store/key.h"
#include "store/run_queues.h"
#include "store/step_secrets.h"

/* Versions of the stored forms; schema/store.md says how to change them. */
#define PIPELINE_RECORD 1
#define VERSION_RECORD 1

static struct key version_key(struct span id, uint32_t version)
{
    struct key key = KEY_INIT;
    key_text(&key, id);
    key_u32(&key, version);
    return key;
}

static enum err put_info(struct store_txn *txn, const struct pipeline_info *info)
{
    struct buf record = BUF_INIT;
    pack_u8(&record, PIPELINE_RECORD);
    pack_bytes(&record, info->id);
    pack_bytes(&record, info->name);
    pack_u32(&record, info->version);
    pack_i64(&record, info->created_ms);
    pack_i64(&record, info->updated_ms);
    enum err err = store_put(txn, TABLE_PIPELINES, info->id, buf_span(&record));
    buf_done(&record);
    return err;
}

static enum err decode_info(struct span record, struct pipeline_info *ret_info)
{
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != PIPELINE_RECORD)
        return ERR_CORRUPT;
    ret_info->id = unpack_bytes(&u);
    ret_info->name = unpack_bytes(&u);
    ret_info->version = unpack_u32(&u);
    ret_info->created_ms = unpack_i64(&u);
    ret_info->updated_ms = unpack_i64(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}

static enum err put_version(
    struct store_txn *txn, struct span id, uint32_t version, struct span definition, int64_t now_ms)
{
    struct key key = version_key(id, version);
    struct buf record = BUF_INIT;
    pack_u8(&record, VERSION_RECORD);
    pack_i64(&record, now_ms);
    pack_bytes(&record, definition);
    enum err err = store_put(txn, TABLE_PIPELINE_VERSIONS, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err;
}

/* The last version of a deleted pipeline of this id; 0 when none was deleted. */
static enum err last_version(struct store_txn *txn, struct span id, uint32_t *ret_version)
{
    struct span record;
    enum err err = store_get(txn, TABLE_DELETED_PIPELINES, id, &record);
    *ret_version = 0;
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    struct unpack u = unpack_from(record);
    *ret_version = unpack_u32(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}

static enum err keep_last_version(struct store_txn *txn, struct span id, uint32_t version)
{
    struct key record = KEY_INIT;
    key_u32(&record, version);
    return store_put(txn, TABLE_DELETED_PIPELINES, id, key_span(&record));
}

/* Names that differ in case alone have one key. */
static enum err put_name(struct store_txn *txn, struct span name, struct span id)
{
    struct buf key = BUF_INIT;
    name_fold(name, &key);
    enum err err = store_put(txn, TABLE_PIPELINE_NAMES, buf_span(&key), id);
    buf_done(&key);
    return err;
}

static enum err delete_name(struct store_txn *txn, struct span name)
{
    struct buf key = BUF_INIT;
    name_fold(name, &key);
    enum err err = store_del(txn, TABLE_PIPELINE_NAMES, buf_span(&key));
    buf_done(&key);
    return err;
}

static enum err tell(struct store_txn *txn, enum audit_action action, struct span id,
    struct span name, uint32_t version)
{
    struct buf detail = BUF_INIT;
    struct json_out out = json_out_to(&detail);
    json_open(&out, '{');
    json_put_text(&out, "name", name);
    json_put_int(&out, "version", version);
    json_close(&out, '}');
    enum err err = audit_add(txn, action, "pipeline", id, buf_span(&detail));
    buf_done(&detail);
    return err;
}

enum err pipelines_create(struct store_txn *txn, struct span id, struct span name,
    struct span definition, int64_t now_ms, uint32_t *ret_version, const char **ret_taken)
{
    uint32_t version;
    struct pipeline_info info;
    struct span other;
    enum err err = pipelines_get(txn, id, &info);
    *ret_taken = "id";
    if (err == ERR_NOTFOUND) {
        err = pipelines_by_name(txn, name, &other);
        *ret_taken = "name";
    }
    if (err != ERR_NOTFOUND)
        return err ? err : ERR_CONFLICT;
    err = last_version(txn, id, &version);
    if (err)
        return err;
    info = (struct pipeline_info){id, name, ++version, now_ms, now_ms};
    err = put_info(txn, &info);
    if (!err)
        err = put_name(txn, name, id);
    if (!err)
        err = put_version(txn, id, version, definition, now_ms);
    if (!err && version > 1)
        err = store_del(txn, TABLE_DELETED_PIPELINES, id);
    if (!err)
        *ret_version = version;
    return err ? err : tell(txn, AUDIT_PIPELINE_CREATE, id, name, version);
}

enum err pipelines_replace(struct store_txn *txn, struct span id, uint32_t if_version,
    struct span definition, int64_t now_ms, uint32_t *ret_version)
{
    struct pipeline_info info;
    enum err err = pipelines_get(txn, id, &info);
    if (err)
        return err;
    if (if_version && if_version != info.version)
        return ERR_CONFLICT;
    uint32_t version = info.version + 1;
    /* The text of info dies with the first change, so the name is copied. */
    struct buf name = BUF_INIT;
    buf_add_span(&name, info.name);
    info = (struct pipeline_info){id, buf_span(&name), version, info.created_ms, now_ms};
    err = put_info(txn, &info);
    if (!err)
        err = tell(txn, AUDIT_PIPELINE_REPLACE, id, info.name, version);
    buf_done(&name);
    if (!err)
        err = put_version(txn, id, version, definition, now_ms);
    if (!err)
        err = run_queues_note_version(txn, id);
    if (!err)
        *ret_version = version;
    return err;
}

enum err pipelines_get(struct store_txn *txn, struct span id, struct pipeline_info *ret_info)
{
    struct span record;
    enum err err = store_get(txn, TABLE_PIPELINES, id, &record);
    return err ? err : decode_info(record, ret_info);
}

enum err pipelines_by_name(struct store_txn *txn, struct span name, struct span *ret_id)
{
    struct buf key = BUF_INIT;
    name_fold(name, &key);
    enum err err = store_get(txn, TABLE_PIPELINE_NAMES, buf_span(&key), ret_id);
    buf_done(&key);
    return err;
}

enum err pipelines_version(struct store_txn *txn, struct span id, uint32_t version,
    uint32_t *ret_version, int64_t *ret_created_ms, struct span *ret_definition)
{
    struct pipeline_info info;
    struct span record;
    enum err err = pipelines_get(txn, id, &info);
    if (err)
        return err;
    if (!version)
        version = info.version;
    struct key key = version_key(id, version);
    err = store_get(txn, TABLE_PIPELINE_VERSIONS, key_span(&key), &record);
    if (err)
        return err;
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != VERSION_RECORD)
        return ERR_CORRUPT;
    *ret_version = version;
    *ret_created_ms = unpack_i64(&u);
    *ret_definition = unpack_bytes(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}

enum err pipelines_list(struct store_txn *txn, struct span after,
    bool (*visit)(const struct pipeline_info *info, void *context), void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_PIPELINES, &cursor);
    if (err)
        return err;
    err = after.len ? store_cursor_seek(&cursor, after, &key, &value)
                    : store_cursor_next(&cursor, &key, &value);
    if (!err && after.len && span_eq(key, after))
        err = store_cursor_next(&cursor, &key, &value);
    while (!err) {
        struct pipeline_info info;
        err = decode_info(value, &info);
        if (err || !visit(&info, context))
            break;
        err = store_cursor_next(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err pipelines_delete(struct store_txn *txn, struct span id)
{
    struct pipeline_info info;
    enum err err = pipelines_get(txn, id, &info);
    if (err)
        return err;
    uint32_t version = info.version;
    struct buf name = BUF_INIT;
    buf_add_span(&name, info.name); /* the text of info dies with the first change */
    err = tell(txn, AUDIT_PIPELINE_DELETE, id, buf_span(&name), version);
    if (!err)
        err = delete_name(txn, buf_span(&name));
    buf_done(&name);
    if (!err)
        err = store_del(txn, TABLE_PIPELINES, id);
    if (!err)
        err = keep_last_version(txn, id, version);
    if (!err)
        err = pauses_drop(txn, id);
    if (!err)
        err = run_queues_drop(txn, id);
    if (!err)
        err = step_secrets_drop(txn, id);
    for (; !err && version; version--) {
        struct key key = version_key(id, version);
        err = store_del(txn, TABLE_PIPELINE_VERSIONS, key_span(&key));
    }
    return err == ERR_NOTFOUND ? ERR_OK : err; /* earlier versions were deleted before */
}
