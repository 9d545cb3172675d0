/* step_secrets_test - secrets in the store: whose they are, and how all are sealed anew. */
#include "store_each.h"

#include "store/seal.h"
#include "store/step_secrets.h"

static struct span s(const char *text)
{
    return span_str(text);
}

static enum err set(struct store_txn *txn, const char *owner, const char *name, const char *value)
{
    bool is_new;
    return step_secrets_set(txn, &t.home, s(owner), s(name), s(value), 1000, &is_new);
}

/* What a definition of the pipeline means by the name; NULL where that is an error. */
static const char *value_of(struct store_txn *txn, const char *pipeline, struct span name)
{
    static char text[64];
    struct buf value = BUF_INIT;
    enum err err = step_secrets_open(txn, &t.home, s(pipeline), name, &value);
    snprintf(text, sizeof text, "%s", buf_text(&value));
    buf_done(&value);
    return err ? NULL : text;
}

static struct buf own(struct store_txn *txn, const char *pipeline, const char *value)
{
    struct buf name = BUF_INIT;
    assert_int_equal(step_secrets_own(txn, &t.home, s(pipeline), s(value), 1000, &name), ERR_OK);
    assert_true(name_is_own_secret(buf_span(&name)));
    return name;
}

static void secret_is_set_read_and_deleted(void **state)
{
    struct step_secret secret;
    bool is_new = false;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(step_secrets_get(txn, SPAN_NONE, s("a"), &secret), ERR_NOTFOUND);
    assert_int_equal(step_secrets_has(txn, s("p"), s("a")), ERR_NOTFOUND);
    assert_null(value_of(txn, "p", s("a")));
    assert_int_equal(
        step_secrets_set(txn, &t.home, SPAN_NONE, s("a"), s("one"), 1000, &is_new), ERR_OK);
    assert_true(is_new);
    assert_string_equal(value_of(txn, "p", s("a")), "one");
    assert_int_equal(
        step_secrets_set(txn, &t.home, SPAN_NONE, s("a"), s("two"), 2000, &is_new), ERR_OK);
    assert_false(is_new);
    txn = temp_store_next(&t);
    assert_string_equal(value_of(txn, "p", s("a")), "two");
    assert_int_equal(step_secrets_get(txn, SPAN_NONE, s("a"), &secret), ERR_OK);
    assert_true(span_eq_str(secret.name, "a"));
    assert_int_equal(secret.created_ms, 1000);
    assert_int_equal(secret.updated_ms, 2000);
    assert_int_equal(step_secrets_del(txn, SPAN_NONE, s("a")), ERR_OK);
    assert_int_equal(step_secrets_del(txn, SPAN_NONE, s("a")), ERR_NOTFOUND);
}

/* Ids and names that begin alike, and names that other owners have. */
static void owner_has_its_own_alone(void **state)
{
    size_t count;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    struct buf x = own(txn, "x", "of x"), xy = own(txn, "xy", "of xy");
    assert_int_equal(set(txn, "", "x", "of all"), ERR_OK);
    assert_string_equal(value_of(txn, "x", buf_span(&x)), "of x");
    assert_null(value_of(txn, "xy", buf_span(&x)));
    assert_null(value_of(txn, "x", buf_span(&xy)));
    assert_null(value_of(txn, "", buf_span(&x)));
    assert_string_equal(value_of(txn, "x", s("x")), "of all");
    assert_int_equal(step_secrets_count(txn, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(step_secrets_drop(txn, s("x")), ERR_OK);
    assert_null(value_of(txn, "x", buf_span(&x)));
    assert_string_equal(value_of(txn, "xy", buf_span(&xy)), "of xy");
    assert_string_equal(value_of(txn, "x", s("x")), "of all");
    assert_int_equal(step_secrets_drop(txn, s("x")), ERR_OK);
    buf_done(&x);
    buf_done(&xy);
}

static void same_value_has_the_same_name(void **state)
{
    size_t count;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    struct buf first = own(txn, "p", "value"), other = own(txn, "p", "valu"),
               again = own(txn, "p", "value"), of_q = own(txn, "q", "value"),
               empty = own(txn, "p", ""), empty_again = own(txn, "p", "");
    assert_true(span_eq(buf_span(&first), buf_span(&again)));
    assert_true(span_eq(buf_span(&empty), buf_span(&empty_again)));
    assert_false(span_eq(buf_span(&first), buf_span(&other)));
    assert_false(span_eq(buf_span(&first), buf_span(&of_q)));
    assert_int_equal(step_secrets_count(txn, &count), ERR_OK);
    assert_int_equal(count, 4);
    struct buf *all[] = {&first, &other, &again, &of_q, &empty, &empty_again};
    for (size_t i = 0; i < COUNT(all); i++)
        buf_done(all[i]);
}

struct names {
    struct buf text;
    size_t most;
};

static bool note(const struct step_secret *secret, void *context)
{
    struct names *names = context;
    buf_add_span(&names->text, secret->name);
    buf_add_char(&names->text, ' ');
    return --names->most;
}

static void list_goes_by_name(void **state)
{
    static const struct {
        const char *owner, *after;
        size_t most;
        const char *names;
    } cases[] = {
        {"", "", 9, "a b ba c "},
        {"", "a", 9, "b ba c "},
        {"", "aa", 9, "b ba c "},
        {"", "b", 1, "ba "},
        {"", "c", 9, ""},
        {"p", "", 9, "own "},
        {"q", "", 9, ""},
    };
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (const char *const *n = (const char *const[]){"c", "b", "a", "ba", NULL}; *n; n++)
        assert_int_equal(set(txn, "", *n, "v"), ERR_OK);
    assert_int_equal(set(txn, "p", "own", "v"), ERR_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct names names = {BUF_INIT, cases[i].most};
        assert_int_equal(
            step_secrets_list(txn, s(cases[i].owner), s(cases[i].after), note, &names), ERR_OK);
        assert_string_equal(buf_text(&names.text), cases[i].names);
        buf_done(&names.text);
    }
}

/* Whoever can write the database cannot give one secret for another. */
static void record_is_bound_to_its_place(void **state)
{
    struct span record;
    struct buf copy = BUF_INIT;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(set(txn, "", "a", "one"), ERR_OK);
    assert_int_equal(store_get(txn, TABLE_STEP_SECRETS, span_of("\0a", 2), &record), ERR_OK);
    buf_add_span(&copy, record);
    assert_int_equal(
        store_put(txn, TABLE_STEP_SECRETS, span_of("\0b", 2), buf_span(&copy)), ERR_OK);
    assert_string_equal(value_of(txn, "p", s("a")), "one");
    assert_null(value_of(txn, "p", s("b")));
    for (size_t len = 0; len < copy.len; len++) {
        assert_int_equal(
            store_put(txn, TABLE_STEP_SECRETS, span_of("\0a", 2), span_of(copy.data, len)), ERR_OK);
        assert_null(value_of(txn, "p", s("a")));
    }
    buf_done(&copy);
}

static void all_are_sealed_anew(void **state)
{
    uint64_t key = 0;
    size_t lost = 0;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(set(txn, "", "a", "one"), ERR_OK);
    struct buf name = own(txn, "p", "two");
    assert_int_equal(
        store_put(txn, TABLE_STEP_SECRETS, span_of("\0lost", 5),
            span_of("\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\1x", 30)),
        ERR_OK);
    assert_int_equal(keyring_add(&t.home, &key), ERR_OK);
    assert_int_equal(seal_set_key(txn, key), ERR_OK);
    assert_int_equal(step_secrets_reseal(txn, &t.home, key, &lost), ERR_OK);
    assert_int_equal(lost, 1);
    assert_int_equal(keyring_drop(&t.home), ERR_OK);
    assert_string_equal(value_of(txn, "p", s("a")), "one");
    assert_string_equal(value_of(txn, "p", buf_span(&name)), "two");
    assert_null(value_of(txn, "p", s("lost")));
    assert_int_equal(set(txn, "", "c", "three"), ERR_OK);
    lost = 0;
    assert_int_equal(step_secrets_reseal(txn, &t.home, key, &lost), ERR_OK);
    assert_int_equal(lost, 1);
    buf_done(&name);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(secret_is_set_read_and_deleted),
        TEST(owner_has_its_own_alone),
        TEST(same_value_has_the_same_name),
        TEST(list_goes_by_name),
        TEST(record_is_bound_to_its_place),
        TEST(all_are_sealed_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
