/* audit_test - records of changes, and lists of very many. */
#include "damage.h"
#include "store_each.h"

#include "store/audit.h"

#define MANY 100000

static struct store_txn *fill(void)
{
    struct store_txn *txn = temp_store_begin(&t);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(audit_add(txn, AUDIT_STEP_SECRET_SET, "step_secret",
                             span_str(i % 1000 ? "many" : "few"), SPAN_NONE),
            ERR_OK);
    return temp_store_next(&t);
}

struct seen {
    uint64_t last;
    size_t count;
    bool rising;
};

static bool see(const struct audit *audit, void *context)
{
    struct seen *seen = context;
    assert_true(!seen->count || (audit->seq > seen->last) == seen->rising);
    seen->last = audit->seq;
    seen->count++;
    return true;
}

/* Goes through all pages. How many records they have. */
static size_t count(struct store_txn *txn, struct audit_query query)
{
    struct seen seen = {.rising = query.oldest_first};
    uint64_t before;
    query.limit = AUDIT_LIMIT_MAX;
    do {
        before = query.from;
        assert_int_equal(audit_list(txn, &query, see, &seen, &query.from), ERR_OK);
    } while (query.from && query.from != before);
    return seen.count;
}

static void very_many_are_listed_page_by_page(void **state)
{
    (void)state;
    struct store_txn *txn = fill();
    for (int oldest_first = 0; oldest_first < 2; oldest_first++) {
        struct audit_query query = {.oldest_first = oldest_first};
        assert_int_equal(count(txn, query), MANY);
        query.subject = span_str("step_secret/few");
        assert_int_equal(count(txn, query), MANY / 1000);
        query.action = span_str("pipeline.*");
        assert_int_equal(count(txn, query), 0);
        query.subject = SPAN_NONE;
        assert_int_equal(count(txn, query), 0); /* though no page has a record */
    }
}

static enum err decode(struct span record)
{
    struct audit a;
    enum err err = audit_decode(record, &a);
    if (!err)
        assert_true(damage_touch(a.actor.name) + damage_touch(a.actor.address) +
                        damage_touch(a.actor.request) + damage_touch(a.action) +
                        damage_touch(a.subject) + damage_touch(a.detail) <
                    UINT32_MAX);
    return err;
}

static void a_damaged_record_is_noticed(void **state)
{
    struct audit audit = {.seq = 1,
        .actor = {.kind = ACTOR_KEY, .name = span_str("name"), .address = span_str("::1")},
        .action = span_str("home.rekey"),
        .subject = span_str("home"),
        .detail = span_str("{}")};
    struct buf record = BUF_INIT;
    (void)state;
    audit_encode(&audit, &record);
    damage_is_noticed(buf_span(&record), decode);
    buf_done(&record);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(very_many_are_listed_page_by_page),
        TEST(a_damaged_record_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
