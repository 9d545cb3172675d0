/* audit - see audit.h. */
#include "store/audit.h"

#include <assert.h>

#include "base/clock.h"
#include "store/key.h"

#define SEQ_COUNTER "audit" /* the counter in the table meta: the number of the last record */

static struct key subject_prefix(struct span subject)
{
    struct key key = KEY_INIT;
    if (subject.len > AUDIT_SUBJECT_MAX)
        subject.len = AUDIT_SUBJECT_MAX + 1; /* no record has such a one, and a key has no room */
    key_text(&key, subject);
    return key;
}

static enum err put(struct store_txn *txn, const struct audit *audit)
{
    struct key key = key_of_seq(audit->seq), by_subject = subject_prefix(audit->subject);
    struct buf record = BUF_INIT;
    key_u64(&by_subject, audit->seq);
    audit_encode(audit, &record);
    enum err err = store_append(txn, TABLE_AUDIT, key_span(&key), buf_span(&record));
    if (!err)
        err = store_put(txn, TABLE_AUDIT_BY_SUBJECT, key_span(&by_subject), SPAN_NONE);
    buf_done(&record);
    return err;
}

enum err audit_add(struct store_txn *txn, enum audit_action action, const char *kind,
    struct span id, struct span detail)
{
    const struct actor *actor = store_txn_actor(txn);
    struct buf subject = BUF_INIT;
    struct audit audit = {
        .at_ms = clock_wall_ms(),
        .actor = actor ? *actor : (struct actor){.kind = ACTOR_BRIDGE},
        .action = span_str(audit_action_name(action)),
        .detail = detail,
    };
    buf_add_str(&subject, kind);
    if (id.len)
        buf_add_char(&subject, '/');
    buf_add_span(&subject, id);
    audit.subject = buf_span(&subject);
    assert(audit.subject.len <= AUDIT_SUBJECT_MAX && detail.len <= AUDIT_DETAIL_MAX);
    enum err err = store_next(txn, SEQ_COUNTER, &audit.seq);
    if (!err)
        err = put(txn, &audit);
    store_txn_told(txn);
    buf_done(&subject);
    return err;
}

enum err audit_add_with(struct store_txn *txn, enum audit_action action, const char *kind,
    struct span id, const char *name, struct span value)
{
    struct buf detail = BUF_INIT;
    struct json_out out = json_out_to(&detail);
    json_open(&out, '{');
    json_put_text(&out, name, value);
    json_close(&out, '}');
    enum err err = audit_add(txn, action, kind, id, buf_span(&detail));
    buf_done(&detail);
    return err;
}

enum err audit_last(struct store_txn *txn, uint64_t *ret_seq)
{
    return store_counter(txn, SEQ_COUNTER, ret_seq);
}

static bool fits_text(struct span wanted, struct span text)
{
    if (!wanted.len || wanted.data[wanted.len - 1] != '*')
        return !wanted.len || span_eq(wanted, text);
    return span_starts(text, span_of(wanted.data, wanted.len - 1));
}

static bool fits(const struct audit_query *query, const struct audit *audit)
{
    return fits_text(query->actor, audit->actor.name) && fits_text(query->action, audit->action) &&
           (!query->since_ms || audit->at_ms >= query->since_ms) &&
           (!query->until_ms || audit->at_ms < query->until_ms);
}

/* A walk through all records, or through those of a subject, whose keys end in the number. */
struct looking {
    const struct audit_query *query;
    struct store_cursor cursor;
    struct key prefix; /* of the keys */
    size_t looked, found;
};

/* Moves to where the page begins. */
static enum err move_first(struct looking *looking, struct span *ret_key, struct span *ret_value)
{
    const struct audit_query *query = looking->query;
    struct key start = looking->prefix;
    if (query->oldest_first) {
        key_u64(&start, query->from + 1);
        return store_cursor_seek(&looking->cursor, key_span(&start), ret_key, ret_value);
    }
    key_u64(&start, query->from ? query->from : UINT64_MAX);
    return store_cursor_before(&looking->cursor, key_span(&start), ret_key, ret_value);
}

/* Moves on. *ret_seq: the number of the record. ERR_NOTFOUND at the end. */
static enum err move(struct looking *looking, uint64_t *ret_seq)
{
    struct span key, value, prefix = key_span(&looking->prefix);
    enum err err = !looking->looked++ ? move_first(looking, &key, &value)
                   : looking->query->oldest_first
                       ? store_cursor_next(&looking->cursor, &key, &value)
                       : store_cursor_prev(&looking->cursor, &key, &value);
    if (err)
        return err;
    if (key.len != prefix.len + sizeof *ret_seq || !span_starts(key, prefix))
        return ERR_NOTFOUND;
    *ret_seq = key_tail_u64(key);
    return ERR_OK;
}

static enum err get(struct store_txn *txn, uint64_t seq, struct audit *ret_audit)
{
    struct key key = key_of_seq(seq);
    struct span record;
    enum err err = store_get(txn, TABLE_AUDIT, key_span(&key), &record);
    return err ? err == ERR_NOTFOUND ? ERR_CORRUPT : err : audit_decode(record, ret_audit);
}

/* Looks at records until the page is full. ERR_NOTFOUND: there are no more. */
static enum err look(struct store_txn *txn, struct looking *looking, audit_visit *visit,
    void *context, uint64_t *seq)
{
    const struct audit_query *query = looking->query;
    enum err err;
    while (!(err = move(looking, seq))) {
        struct audit audit;
        err = get(txn, *seq, &audit);
        if (err)
            return err;
        bool found = fits(query, &audit), goes_on = !found || visit(&audit, context);
        looking->found += found;
        if (!goes_on || (query->limit && looking->found == query->limit) ||
            looking->looked == AUDIT_LOOKED_MAX)
            return ERR_OK;
    }
    return err;
}

enum err audit_list(struct store_txn *txn, const struct audit_query *query, audit_visit *visit,
    void *context, uint64_t *ret_next)
{
    struct looking looking = {.query = query, .prefix = KEY_INIT};
    bool of_one = query->subject.len > 0;
    uint64_t seq = query->from;
    if (of_one)
        looking.prefix = subject_prefix(query->subject);
    enum err err =
        store_cursor_open(txn, of_one ? TABLE_AUDIT_BY_SUBJECT : TABLE_AUDIT, &looking.cursor);
    if (err)
        return err;
    err = look(txn, &looking, visit, context, &seq);
    *ret_next = !err || query->oldest_first ? seq : 0;
    store_cursor_close(&looking.cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
