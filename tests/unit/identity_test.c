/* identity_test - what is a repeat, what is new, and what is refused, also by older records. */
#include "store_each.h"

#include "cgi-bin/events/identity.h"

#define NONE ((struct uuid){{0}})

static const uint8_t unknown[CRYPTO_SHA256]; /* what records held before contents counted */

static struct identity named(enum identity_kind kind, const char *id, const char *data)
{
    struct uuid credential = NONE;
    struct event event = {.id = span_str(id),
        .source = span_str("/s"),
        .type = span_str("t"),
        .data = span_str(data)};
    struct identity identity = identity_of(kind, &credential, event.id, SPAN_NONE);
    if (kind == IDENTITY_REQUEST)
        identity_set_request(&identity, event.data, NULL, 0);
    else
        identity_set_event(&identity, &event);
    return identity;
}

/* Looks for the first answer: "new", "again" (with its type), "refused"; and whether it differs. */
static const char *look(struct store_txn *txn, struct identity *identity)
{
    static char said[64];
    struct arena arena = {0};
    struct accepted accepted = {.type = SPAN_NONE};
    enum err err = identity_find(txn, identity, &arena, &accepted, 1);
    snprintf(said, sizeof said, "%s%.*s%s",
        err == ERR_OK         ? "again "
        : err == ERR_NOTFOUND ? "new"
        : err == ERR_CONFLICT ? "refused"
                              : "error",
        err ? 0 : (int)accepted.type.len, (const char *)accepted.type.data,
        identity->differs ? ", differs" : "");
    arena_done(&arena);
    return said;
}

/* Remembers an answer whose type is the data, so that it is known again. */
static void keep(struct store_txn *txn, const struct identity *identity, const char *data, int ms)
{
    struct accepted accepted = {uuid_new(), span_str(data)};
    assert_int_equal(identity_remember(txn, identity, ms, &accepted, 1), ERR_OK);
}

static void each_kind_has_its_rule(void **state)
{
    static const struct {
        enum identity_kind kind;
        const char *other;
    } cases[] = {
        {IDENTITY_REQUEST, "refused, differs"},
        {IDENTITY_CLOUDEVENT, "again a, differs"},
        {IDENTITY_DELIVERY, "new, differs"},
    };
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct identity a = named(cases[i].kind, "1", "a"), b = named(cases[i].kind, "1", "b");
        struct identity other = named(cases[i].kind, "2", "a");
        assert_string_equal(look(txn, &a), "new");
        keep(txn, &a, "a", 60000);
        assert_string_equal(look(txn, &a), "again a");
        assert_string_equal(look(txn, &b), cases[i].other);
        assert_string_equal(look(txn, &other), "new");
    }
}

/* Only the body is signed: what differs beside it changes nothing. */
static void body_is_a_name(void **state)
{
    struct uuid credential = NONE, other = {{1}};
    struct store_txn *txn = temp_store_begin(&t);
    struct event event = {.type = span_str("t")};
    (void)state;
    struct identity body = identity_of_body(&credential, span_str("a"));
    identity_set_event(&body, &event);
    assert_string_equal(look(txn, &body), "new");
    keep(txn, &body, "a", 60000);
    event.type = span_str("u");
    identity_set_event(&body, &event);
    assert_string_equal(look(txn, &body), "again a, differs");
    body = identity_of_body(&other, span_str("a"));
    assert_string_equal(look(txn, &body), "new");
    body = identity_of_body(&credential, span_str("b"));
    assert_string_equal(look(txn, &body), "new");
}

static void body_is_watched(void **state)
{
    struct uuid credential = NONE;
    struct store_txn *txn = temp_store_begin(&t);
    struct identity nameless = {.given = false}, body;
    (void)state;
    static const struct {
        const char *id, *body;
        bool again;
    } cases[] = {{"1", "a", false}, {"2", "a", true}, {"3", "b", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct identity delivery = named(IDENTITY_DELIVERY, cases[i].id, cases[i].body);
        identity_watch(&delivery, &credential, span_str(cases[i].body));
        assert_string_equal(look(txn, &delivery), "new");
        assert_int_equal(delivery.again, cases[i].again);
        keep(txn, &delivery, "a", 60000);
        assert_string_equal(look(txn, &delivery), "again a");
    }
    identity_watch(&nameless, &credential, span_str("b"));
    assert_string_equal(look(txn, &nameless), "new");
    assert_true(nameless.again);
    body = identity_of_body(&credential, span_str("a"));
    assert_string_equal(look(txn, &body), "again a, differs");
}

static void deliveries_of_one_id_are_known_each(void **state)
{
    (void)state;
    static const char *const contents[] = {"a", "b", "c"};
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(contents); i++) {
        struct identity delivery = named(IDENTITY_DELIVERY, "1", contents[i]);
        assert_string_equal(look(txn, &delivery), i ? "new, differs" : "new");
        keep(txn, &delivery, contents[i], 60000);
    }
    for (size_t i = COUNT(contents); i-- > 0;) {
        char again[16];
        struct identity delivery = named(IDENTITY_DELIVERY, "1", contents[i]);
        snprintf(again, sizeof again, "again %s", contents[i]);
        assert_string_equal(look(txn, &delivery), again);
    }
}

/* The first contents are forgotten before later ones of the same id, which stay known. */
static void later_contents_outlive_the_first(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    struct identity a = named(IDENTITY_DELIVERY, "1", "a"), b = named(IDENTITY_DELIVERY, "1", "b");
    assert_string_equal(look(txn, &a), "new");
    keep(txn, &a, "a", 60000);
    assert_string_equal(look(txn, &b), "new, differs");
    keep(txn, &b, "b", 60000);
    assert_string_equal(look(txn, &a), "again a");
    keep(txn, &a, "a", -1); /* its time is over */
    assert_string_equal(look(txn, &b), "again b");
    assert_string_equal(look(txn, &a), "new");
}

/* A record that tells nothing of the contents goes by the name alone, as it did. */
static void older_records_are_understood(void **state)
{
    static const struct {
        enum identity_kind kind;
        bool knows_body;
        const char *data, *found;
    } cases[] = {
        {IDENTITY_DELIVERY, false, "a", "again a"},
        {IDENTITY_DELIVERY, false, "b", "again a"},
        {IDENTITY_CLOUDEVENT, false, "b", "again a"},
        {IDENTITY_REQUEST, true, "a", "again a"},
        {IDENTITY_REQUEST, true, "b", "refused, differs"},
    };
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t body[CRYPTO_SHA256];
        struct accepted accepted = {uuid_new(), span_str("a")};
        struct identity identity = named(cases[i].kind, "1", cases[i].data);
        crypto_sha256(span_str("a"), body);
        assert_int_equal(dedupe_put(txn, &identity.key, 0, INT64_MAX, &accepted, 1,
                             cases[i].knows_body ? body : unknown),
            ERR_OK);
        assert_string_equal(look(txn, &identity), cases[i].found);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_kind_has_its_rule),
        TEST(body_is_a_name),
        TEST(body_is_watched),
        TEST(deliveries_of_one_id_are_known_each),
        TEST(later_contents_outlive_the_first),
        TEST(older_records_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
