/* keyring_test - the keys of a home: what opens what, and when the file is read again. */
#include "temp_home.h"

#include "base/crypto.h"

static struct span label(void)
{
    return span_str("label");
}

/* What is sealed, with the buffer that holds it. */
struct made {
    struct buf bytes;
    uint64_t key;
};

static struct made seal(uint64_t key, const char *secret)
{
    struct made made = {BUF_INIT, 0};
    assert_int_equal(
        keyring_seal(&home, key, label(), span_str(secret), &made.key, &made.bytes), ERR_OK);
    return made;
}

static struct sealed sealed_of(const struct made *made)
{
    return (struct sealed){made->key, buf_span(&made->bytes)};
}

static bool opens(struct sealed sealed, const char *secret)
{
    struct buf out = BUF_INIT;
    bool good = keyring_unseal(&home, sealed, label(), &out) == ERR_OK;
    if (good)
        assert_string_equal(buf_text(&out), secret);
    else
        assert_int_equal(out.len, 0);
    buf_done(&out);
    return good;
}

static void what_is_sealed_is_opened(void **state)
{
    (void)state;
    struct made made = seal(KEY_UNNAMED, "secret");
    assert_int_not_equal(made.key, KEY_UNNAMED);
    assert_true(opens(sealed_of(&made), "secret"));
    made.key = KEY_UNNAMED; /* sealed before keys had ids */
    assert_true(opens(sealed_of(&made), "secret"));
    buf_done(&made.bytes);
}

static void what_was_changed_is_not_opened(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    struct made made = seal(KEY_UNNAMED, "secret");
    for (size_t i = 0; i < made.bytes.len; i++) {
        made.bytes.data[i] ^= 1;
        assert_false(opens(sealed_of(&made), "secret"));
        made.bytes.data[i] ^= 1;
        struct sealed cut = {made.key, span_of(made.bytes.data, i)};
        assert_false(opens(cut, "secret"));
    }
    struct sealed sealed = sealed_of(&made);
    assert_int_equal(keyring_unseal(&home, sealed, span_str("another"), &out), ERR_DENIED);
    sealed.key ^= 1;
    assert_false(opens(sealed, "secret"));
    buf_done(&out);
    buf_done(&made.bytes);
}

static void both_keys_open_while_there_are_two(void **state)
{
    uint64_t first = 0, again = 0;
    (void)state;
    struct made old = seal(KEY_UNNAMED, "old");
    assert_int_equal(keyring_add(&home, &first), ERR_OK);
    assert_int_not_equal(first, old.key);
    assert_int_equal(keyring_add(&home, &again), ERR_OK);
    assert_int_equal(again, first); /* it goes on with the one there is */
    struct made new = seal(first, "new");
    assert_int_equal(new.key, first);
    assert_true(opens(sealed_of(&old), "old") && opens(sealed_of(&new), "new"));
    assert_int_equal(keyring_drop(&home), ERR_OK);
    assert_int_equal(keyring_drop(&home), ERR_OK); /* there is one alone */
    assert_true(opens(sealed_of(&new), "new"));
    /* A transaction that began before may still see what the old key has sealed. */
    assert_true(opens(sealed_of(&old), "old"));
    buf_done(&old.bytes);
    buf_done(&new.bytes);
}

static void file_is_read_again_when_it_has_changed(void **state)
{
    uint64_t first = 0;
    struct buf out = BUF_INIT;
    (void)state;
    struct made old = seal(KEY_UNNAMED, "old");
    struct sealed unknown = {old.key ^ 1, buf_span(&old.bytes)};
    assert_false(opens(unknown, "old"));
    assert_int_equal(keyring_add(&home, &first), ERR_OK);
    struct made new = seal(first, "new");
    assert_true(opens(sealed_of(&new), "new"));
    /* A key that is in no file does not seal, and what to do is said. */
    assert_int_equal(
        keyring_seal(&home, first ^ 1, label(), span_str("x"), &first, &out), ERR_DENIED);
    assert_true(
        temp_logged(&temp, "is not the key that this home's secrets were last sealed with"));
    assert_int_equal(out.len, 0);
    buf_done(&old.bytes);
    buf_done(&new.bytes);
}

static void file_that_is_no_key_is_refused(void **state)
{
    static const struct {
        const char *content, *says;
    } cases[] = {
        {"", "has not the 32 bytes of a key"},
        {"short", "has not the 32 bytes of a key"},
        {"1234567890123456789012345678901", "has not the 32 bytes of a key"},
        {"123456789012345678901234567890123", "has not the 32 bytes of a key"},
        {"1234567890123456789012345678901212345678901234567890123456789012x", "a key"},
    };
    uint64_t key;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        temp_write(&temp, "home/secret.key", cases[i].content);
        assert_int_equal(keyring_create(&home), ERR_DENIED);
        assert_int_equal(keyring_add(&home, &key), ERR_DENIED);
        assert_int_equal(keyring_drop(&home), ERR_DENIED);
        assert_true(temp_logged(&temp, cases[i].says));
        assert_string_equal(temp_read(&temp, "home/secret.key"), cases[i].content);
    }
}

static void key_is_made_once(void **state)
{
    (void)state;
    struct made made = seal(KEY_UNNAMED, "secret");
    assert_int_equal(keyring_create(&home), ERR_OK);
    assert_true(opens(sealed_of(&made), "secret"));
    buf_done(&made.bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_sealed_is_opened),
        TEST(what_was_changed_is_not_opened),
        TEST(both_keys_open_while_there_are_two),
        TEST(file_is_read_again_when_it_has_changed),
        TEST(file_that_is_no_key_is_refused),
        TEST(key_is_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
