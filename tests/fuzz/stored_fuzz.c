/*
 * stored_fuzz - a damaged database. The first byte chooses a table, the second which record of
 * it is replaced by the rest of the input; or, from 0x40 on, is overwritten with the rest, from
 * an offset on that two bytes give, and cut behind it where the second is odd; or, from 0x80 on,
 * the rest is a key, up to a zero, and its record. Whoever reads the table then says that it is
 * damaged, or comes to an end.
 */
#include "tests/fuzz/served.h"

#include "base/crypto.h"
#include "store/actions.h"
#include "store/attempts.h"
#include "store/credentials.h"
#include "store/dedupe.h"
#include "store/events.h"
#include "store/queue.h"
#include "store/run_queues.h"
#include "store/services.h"
#include "store/step_secrets.h"
#include "store/ticks.h"
#include "view/cid.h"
#include "view/execution.h"
#include "view/explain.h"
#include "view/listing.h"
#include "view/pipeline.h"
#include "view/trigger.h"

#define KEY_MAX 511 /* LMDB's */
#define QUEUE 1     /* of the home's trigger */

static struct page page = {.bytes = 65536};

/* Readers. All errors but these would be the system's, not the record's. */
static void check(enum err err)
{
    require(err == ERR_OK || err == ERR_CORRUPT || err == ERR_NOTFOUND || err == ERR_CONFLICT ||
            err == ERR_INVALID);
}

/* The same, of what is sealed: it may not be opened. */
static void check_opened(enum err err)
{
    if (err != ERR_DENIED)
        check(err);
}

/* Is JSON damaged that was checked before it was stored, and is written as it stands? */
static bool json_is_damaged;

/* What a reader has written is JSON, where it came to its end. */
static void check_text(enum err err, struct buf *text)
{
    struct json_fault fault;
    check(err);
    require(err || json_is_damaged || !text->len ||
            json_check_by(buf_span(text), JSON_DEPTH_DEFAULT + 8, &json_foreign, &fault));
    buf_clear(text);
}

static struct uuid id_of(struct span text)
{
    struct uuid id;
    require(uuid_parse(text, &id));
    return id;
}

static void read_executions(struct store_txn *txn, struct buf *text)
{
    struct uuid run = id_of(served_run()), next, look = UUID_NONE;
    struct uuid cid = id_of(served_cid());
    struct execution_query query = {.limit = 10};
    struct json_out out = json_out_to(text);
    bool settled;
    check_text(execution_print(txn, NULL, &run, 1000, &out), text);
    out = json_out_to(text);
    check_text(execution_print_brief(txn, &run, &out), text);
    out = json_out_to(text);
    listing_begin("executions", &out);
    enum err err = listing_page(txn, &query, &page, &out, &next);
    if (!err)
        listing_end(&next, true, &out);
    check_text(err, text);
    check(cid_is_settled(txn, &cid, &look, &settled));
}

static void read_cid(struct store_txn *txn, struct buf *text)
{
    struct uuid cid = id_of(served_cid()), next;
    struct json_out out = json_out_to(text);
    uint64_t count;
    cid_begin(&cid, &out);
    enum err err = cid_page(txn, &cid, &UUID_NONE, &page, &out, &next);
    if (!err)
        cid_end(&next, &out);
    check_text(err, text);
    out = json_out_to(text);
    check_text(explain_print(txn, &cid, &page, &out), text);
    check(events_count_of_cid(txn, &cid, 10, &count));
    check(events_first(txn, &count));
}

static bool go_on(struct span pipeline_id, uint64_t queue, void *context)
{
    (void)pipeline_id, (void)queue, (void)context;
    return true;
}

static void count(uint64_t queue, uint64_t length, void *context)
{
    (void)queue, (void)length, (void)context;
}

static void take(uint64_t queue, const struct queue_change *change, void *context)
{
    (void)queue, (void)change, (void)context;
}

static void is_due(int64_t due_ms, uint64_t queue, const struct uuid *execution, void *context)
{
    (void)due_ms, (void)queue, (void)execution, (void)context;
}

static void read_queues(struct store_txn *txn)
{
    struct service_report service;
    struct uuid id;
    struct tick tick;
    int64_t due_ms;
    uint64_t seq;
    check(services_get(txn, QUEUE, &service));
    check(ticks_get(txn, QUEUE, &tick));
    check(run_queues_each(txn, go_on, NULL));
    check(queue_count_all(txn, count, NULL));
    check(queue_first(txn, QUEUE, &seq, &id));
    check(due_first(txn, &due_ms, &id));
    check(over_first(txn, &due_ms, &id));
    check(due_each(txn, is_due, NULL));
    check(actions_next_cancel(txn, &UUID_NONE, &id));
}

static void read_pipelines(struct store_txn *txn, struct buf *text)
{
    const struct home *home = served_open()->home;
    struct json_out out = json_out_to(text);
    char next[PIPELINE_ID_MAX + 1];
    uint32_t version;
    check_text(pipeline_print(txn, span_str("p"), 0, &out, &version), text);
    out = json_out_to(text);
    check_text(trigger_print_of(txn, home, span_str("p"), &out), text);
    out = json_out_to(text);
    json_open(&out, '{');
    json_key(&out, "triggers");
    json_open(&out, '[');
    enum err err = trigger_print_page(txn, home, SPAN_NONE, &page, &out, next);
    json_close(&out, ']');
    json_close(&out, '}');
    check_text(err, text);
}

static bool use(const struct credential *credential, void *context)
{
    (void)context;
    touch(credential->name);
    (void)credential_allows(credential->types, span_str("order.new"));
    return true;
}

static void read_credentials(struct store_txn *txn)
{
    struct credential credential;
    struct accepted accepted[2];
    struct dedupe_key key = {{0}};
    uint8_t contents[CRYPTO_SHA256];
    size_t found;
    check(credentials_list(txn, &UUID_NONE, use, NULL));
    check(credentials_webhooks(txn, use, NULL));
    check(credentials_find(txn, served_token(), 1, &credential));
    check(dedupe_find(txn, &key, 1, accepted, 2, &found, contents));
}

static bool look_at(const struct step_secret *secret, void *context)
{
    (void)context;
    touch(secret->name);
    require(secret->name.len <= STEP_SECRET_NAME_MAX);
    return true;
}

static void read_step_secrets(struct store_txn *txn)
{
    const struct home *home = served_open()->home;
    struct buf value = BUF_INIT;
    struct step_secret secret;
    size_t lost = 0;
    check(step_secrets_list(txn, SPAN_NONE, SPAN_NONE, look_at, NULL));
    check(step_secrets_list(txn, span_str("p"), SPAN_NONE, look_at, NULL));
    check(step_secrets_get(txn, SPAN_NONE, span_str("s"), &secret));
    check_opened(step_secrets_open(txn, home, span_str("p"), span_str("s"), &value));
    check_opened(step_secrets_reseal(txn, home, 1, &lost));
    buf_done(&value);
}

/* Changes that read what is there. */
static void change(struct store_txn *txn)
{
    struct uuid run = id_of(served_run());
    struct action_run again = {.pipeline_id = span_str("p"), .payload = span_str("{}")};
    const char *why;
    check(queue_take_changes(txn, take, NULL));
    check(actions_cancel(txn, &run, &why));
    check(actions_run(txn, &again, 1));
    check(actions_delete_pipeline(txn, span_str("p"), &why));
}

/* The input's record. */

/* The key and the bytes of the first record there is, the second… */
static bool find_record(
    struct store_txn *txn, enum store_table table, uint8_t nth, struct buf *key, struct buf *bytes)
{
    struct store_cursor cursor;
    struct span found, value;
    require(store_cursor_open(txn, table, &cursor) == ERR_OK);
    enum err err = store_cursor_next(&cursor, &found, &value);
    while (!err && nth--)
        err = store_cursor_next(&cursor, &found, &value);
    if (!err) {
        buf_add_span(key, found);
        buf_add_span(bytes, value);
    }
    store_cursor_close(&cursor);
    return !err;
}

static void overwrite(struct buf *bytes, struct span rest, bool cut_behind)
{
    if (rest.len < 2 || !bytes->len)
        return;
    size_t at = ((size_t)rest.data[0] << 8 | rest.data[1]) % bytes->len;
    rest = span_of(rest.data + 2, rest.len - 2);
    size_t len = rest.len < bytes->len - at ? rest.len : bytes->len - at;
    if (len)
        memcpy(bytes->data + at, rest.data, len);
    if (cut_behind)
        bytes->len = at + len;
}

/* What the input puts where. False: it does not say. */
static bool damage(struct store_txn *txn, enum store_table table, uint8_t how, struct span rest,
    struct buf *key, struct buf *bytes)
{
    if (how >= 0x80) {
        buf_add_span(key, cut(&rest, 0));
        buf_add_span(bytes, rest);
        return key->len && key->len <= KEY_MAX;
    }
    if (!find_record(txn, table, how >> 1 & 0x1f, key, bytes))
        return false;
    if (how >= 0x40) {
        overwrite(bytes, rest, how & 1);
    } else {
        buf_clear(bytes);
        buf_add_span(bytes, rest);
    }
    return true;
}

static enum err read_damaged(struct store_txn *txn, void *context)
{
    const struct span *input = context;
    struct buf key = BUF_INIT, bytes = BUF_INIT;
    enum store_table table = input->data[0] % TABLE__MAX;
    struct span rest = span_of(input->data + 2, input->len - 2);
    json_is_damaged =
        table == TABLE_EVENTS || table == TABLE_DATA || table == TABLE_PIPELINE_VERSIONS;
    if (damage(txn, table, input->data[1], rest, &key, &bytes)) {
        require(store_put(txn, table, buf_span(&key), buf_span(&bytes)) == ERR_OK);
        buf_clear(&bytes);
        read_executions(txn, &bytes);
        read_cid(txn, &bytes);
        read_queues(txn);
        read_pipelines(txn, &bytes);
        read_credentials(txn);
        read_step_secrets(txn);
        change(txn);
    }
    buf_done(&key);
    buf_done(&bytes);
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    served_open();
    if (size >= 2)
        served_undone(read_damaged, &input);
    return 0;
}
