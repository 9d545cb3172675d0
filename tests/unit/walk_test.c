/* walk_test - a table that is gone through, with keys that nobody has put there. */
#include "temp_store.h"

#include "store/step_secrets.h"
#include "store/walk.h"

static struct temp_store t;

static int setup(void **state)
{
    (void)state;
    temp_store_make(&t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_store_remove(&t);
    return 0;
}

/* A key of so many bytes, the first a NUL: that of an operator's secret. */
static void put(struct store_txn *txn, size_t len)
{
    uint8_t bytes[511] = {0};
    memset(bytes + 1, 'k', sizeof bytes - 1);
    assert_int_equal(
        store_put(txn, TABLE_STEP_SECRETS, span_of(bytes, len), span_of("\1", 1)), ERR_OK);
}

static void walk_ends_at_a_key_that_none_can_be(void **state)
{
    struct store_txn *txn = temp_store_begin(&t);
    struct key key = KEY_INIT;
    struct span value;
    (void)state;
    put(txn, sizeof key.bytes);
    put(txn, sizeof key.bytes + 1);
    assert_int_equal(walk_next(txn, TABLE_STEP_SECRETS, SPAN_NONE, &key, &value), ERR_OK);
    assert_int_equal(key.len, sizeof key.bytes);
    assert_int_equal(walk_next(txn, TABLE_STEP_SECRETS, SPAN_NONE, &key, &value), ERR_CORRUPT);
    temp_store_abort(&t);
}

static bool count(const struct step_secret *secret, void *context)
{
    assert_true(secret->name.len <= STEP_SECRET_NAME_MAX);
    ++*(size_t *)context;
    return true;
}

static void secrets_end_at_a_name_that_none_can_have(void **state)
{
    struct store_txn *txn = temp_store_begin(&t);
    char name[STEP_SECRET_NAME_MAX + 2];
    size_t counted = 0;
    bool is_new;
    (void)state;
    memset(name, 'n', sizeof name);
    for (size_t len = STEP_SECRET_NAME_MAX; len < sizeof name; len++)
        assert_int_equal(step_secrets_set(txn, &t.home, SPAN_NONE, span_of(name, len),
                             span_str("a value"), 1, &is_new),
            ERR_OK);
    assert_int_equal(step_secrets_list(txn, SPAN_NONE, SPAN_NONE, count, &counted), ERR_CORRUPT);
    assert_int_equal(counted, 1);
    temp_store_abort(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(walk_ends_at_a_key_that_none_can_be, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_end_at_a_name_that_none_can_have, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
