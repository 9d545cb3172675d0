/* credentials_test - keys and secrets in the store: found by token, rotated, revoked, listed. */
#include "store_each.h"

#include "base/crypto.h"
#include "store/credentials.h"

#define NOW INT64_C(1767323045678)

static struct uuid id(unsigned n)
{
    return uuid_make(NOW + n, 0, n);
}

/* The digest of a token, in one of a few places that are used in turn. */
static struct span digest(const char *token)
{
    static uint8_t digests[8][CRYPTO_SHA256];
    static unsigned next;
    uint8_t *place = digests[next++ % COUNT(digests)];
    crypto_sha256(span_str(token), place);
    return span_of(place, CRYPTO_SHA256);
}

static enum err create(
    struct store_txn *txn, unsigned n, enum credential_kind kind, const char *token)
{
    struct credential credential = {
        .id = id(n),
        .kind = kind,
        .name = span_str("name"),
        .scopes = SCOPE_EVENTS,
        .created_ms = NOW,
        .proofs = {{kind == CREDENTIAL_KEY ? digest(token) : span_str(token), 0}},
        .proof_count = 1,
    };
    return credentials_create(txn, &credential);
}

/* The number of the credential whose token this is; 0 when there is none. */
static unsigned find(struct store_txn *txn, const char *token, int64_t now_ms)
{
    struct credential found;
    enum err err = credentials_find(txn, span_str(token), now_ms, &found);
    if (err == ERR_NOTFOUND)
        return 0;
    assert_int_equal(err, ERR_OK);
    for (unsigned n = 1; n < 100; n++) {
        struct uuid expected = id(n);
        if (uuid_eq(&found.id, &expected))
            return n;
    }
    fail();
    return 0;
}

static void key_is_found_by_its_token_alone(void **state)
{
    struct credential found;
    struct uuid one = id(1), none = id(9);
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(find(txn, "token 1", NOW), 0);
    assert_int_equal(create(txn, 1, CREDENTIAL_KEY, "token 1"), ERR_OK);
    assert_int_equal(create(txn, 2, CREDENTIAL_KEY, "token 2"), ERR_OK);
    assert_int_equal(create(txn, 3, CREDENTIAL_SECRET, "sealed"), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(find(txn, "token 1", NOW), 1);
    assert_int_equal(find(txn, "token 2", NOW), 2);
    assert_int_equal(find(txn, "token 3", NOW), 0);
    assert_int_equal(find(txn, "sealed", NOW), 0); /* a secret is no token */
    assert_int_equal(find(txn, "", NOW), 0);
    assert_int_equal(credentials_get(txn, &one, &found), ERR_OK);
    assert_true(span_eq_str(found.name, "name"));
    assert_int_equal(found.created_ms, NOW);
    assert_int_equal(credentials_get(txn, &none, &found), ERR_NOTFOUND);

    /* The token itself is nowhere in the store. */
    struct store_cursor cursor;
    struct span key, value;
    for (enum store_table table = 0; table < TABLE__MAX; table++) {
        assert_int_equal(store_cursor_open(txn, table, &cursor), ERR_OK);
        while (store_cursor_next(&cursor, &key, &value) == ERR_OK) {
            assert_null(memmem(key.data, key.len, "token", 5));
            assert_null(value.len ? memmem(value.data, value.len, "token", 5) : NULL);
        }
        store_cursor_close(&cursor);
    }
}

static void id_is_taken_once(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(create(txn, 1, CREDENTIAL_KEY, "a"), ERR_OK);
    assert_int_equal(create(txn, 1, CREDENTIAL_KEY, "b"), ERR_CONFLICT);
    assert_int_equal(create(txn, 1, CREDENTIAL_SECRET, "c"), ERR_CONFLICT);
    assert_int_equal(find(txn, "a", NOW), 1);
    assert_int_equal(find(txn, "b", NOW), 0);
    assert_int_equal(temp_store_count(txn, TABLE_CREDENTIALS), 1);
}

static void revoking_keeps_the_first_time(void **state)
{
    struct credential found;
    struct uuid one = id(1), none = id(9);
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(credentials_revoke(txn, &none, NOW), ERR_NOTFOUND);
    assert_int_equal(create(txn, 1, CREDENTIAL_KEY, "a"), ERR_OK);
    assert_int_equal(credentials_revoke(txn, &one, NOW + 5), ERR_OK);
    assert_int_equal(credentials_revoke(txn, &one, NOW + 9), ERR_OK);
    txn = temp_store_next(&t);
    /* It is found, so that it can be said why it is refused. */
    assert_int_equal(credentials_find(txn, span_str("a"), NOW, &found), ERR_OK);
    assert_int_equal(found.revoked_ms, NOW + 5);
    assert_false(credential_is_live(&found, NOW));
    assert_true(span_eq_str(found.name, "name"));
    assert_int_equal(found.proof_count, 1);
}

/* The newest token and the one before it, for as long as that was given. */
static void rotation_leaves_the_last_one_for_a_while(void **state)
{
    struct uuid one = id(1), none = id(9);
    struct credential found;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(
        credentials_rotate(txn, &none, (struct proof){.bytes = digest("x")}, NOW), ERR_NOTFOUND);
    assert_int_equal(create(txn, 1, CREDENTIAL_KEY, "a"), ERR_OK);
    assert_int_equal(create(txn, 2, CREDENTIAL_KEY, "other"), ERR_OK);
    assert_int_equal(
        credentials_rotate(txn, &one, (struct proof){.bytes = digest("b")}, NOW + 100), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(find(txn, "a", NOW + 99), 1);
    assert_int_equal(find(txn, "a", NOW + 100), 0);
    assert_int_equal(find(txn, "b", NOW), 1);
    assert_int_equal(find(txn, "b", INT64_MAX), 1);
    /* Again, before that time is over: the oldest goes at once. */
    assert_int_equal(
        credentials_rotate(txn, &one, (struct proof){.bytes = digest("c")}, NOW + 200), ERR_OK);
    assert_int_equal(find(txn, "a", NOW), 0);
    assert_int_equal(find(txn, "b", NOW + 199), 1);
    assert_int_equal(find(txn, "b", NOW + 200), 0);
    assert_int_equal(find(txn, "c", NOW + 300), 1);
    assert_int_equal(find(txn, "other", NOW), 2);
    assert_int_equal(temp_store_count(txn, TABLE_TOKENS), 3);
    assert_int_equal(credentials_get(txn, &one, &found), ERR_OK);
    assert_int_equal(found.proof_count, 2);
    assert_true(span_eq(found.proofs[0].bytes, digest("c")));
    assert_true(span_eq(found.proofs[1].bytes, digest("b")));
    assert_int_equal(credentials_revoke(txn, &one, NOW), ERR_OK);
    assert_int_equal(
        credentials_rotate(txn, &one, (struct proof){.bytes = digest("d")}, NOW), ERR_CONFLICT);
    assert_int_equal(find(txn, "d", NOW), 0);
}

static void secrets_rotate_likewise(void **state)
{
    struct uuid one = id(1);
    struct credential found;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(create(txn, 1, CREDENTIAL_SECRET, "sealed a"), ERR_OK);
    assert_int_equal(
        credentials_rotate(txn, &one, (struct proof){.bytes = span_str("sealed b")}, NOW + 1),
        ERR_OK);
    assert_int_equal(
        credentials_rotate(txn, &one, (struct proof){.bytes = span_str("sealed c")}, NOW + 2),
        ERR_OK);
    assert_int_equal(credentials_get(txn, &one, &found), ERR_OK);
    assert_int_equal(found.proof_count, 2);
    assert_true(span_eq_str(found.proofs[0].bytes, "sealed c"));
    assert_int_equal(found.proofs[0].until_ms, 0);
    assert_true(span_eq_str(found.proofs[1].bytes, "sealed b"));
    assert_int_equal(found.proofs[1].until_ms, NOW + 2);
    assert_int_equal(temp_store_count(txn, TABLE_TOKENS), 0);
    assert_int_equal(temp_store_count(txn, TABLE_WEBHOOKS), 1);
}

struct listed {
    unsigned numbers[8];
    size_t n, stop_at;
};

static bool note(const struct credential *credential, void *context)
{
    struct listed *listed = context;
    assert_true(listed->n < COUNT(listed->numbers));
    for (unsigned n = 1; n < 100; n++) {
        struct uuid expected = id(n);
        if (uuid_eq(&credential->id, &expected))
            listed->numbers[listed->n] = n;
    }
    return ++listed->n != listed->stop_at;
}

static void lists_go_from_the_oldest(void **state)
{
    static const unsigned order[] = {1, 2, 3, 4}, webhooks[] = {2, 3};
    struct listed listed = {.n = 0};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(credentials_list(txn, &UUID_NONE, note, &listed), ERR_OK);
    assert_int_equal(credentials_webhooks(txn, note, &listed), ERR_OK);
    assert_int_equal(listed.n, 0);
    assert_int_equal(create(txn, 3, CREDENTIAL_SECRET, "s3"), ERR_OK);
    assert_int_equal(create(txn, 1, CREDENTIAL_KEY, "k1"), ERR_OK);
    assert_int_equal(create(txn, 4, CREDENTIAL_KEY, "k4"), ERR_OK);
    assert_int_equal(create(txn, 2, CREDENTIAL_SECRET, "s2"), ERR_OK);
    assert_int_equal(credentials_list(txn, &UUID_NONE, note, &listed), ERR_OK);
    assert_int_equal(listed.n, COUNT(order));
    assert_memory_equal(listed.numbers, order, sizeof order);
    listed = (struct listed){.n = 0};
    assert_int_equal(credentials_webhooks(txn, note, &listed), ERR_OK);
    assert_int_equal(listed.n, COUNT(webhooks));
    assert_memory_equal(listed.numbers, webhooks, sizeof webhooks);
    listed = (struct listed){.stop_at = 2};
    assert_int_equal(credentials_list(txn, &UUID_NONE, note, &listed), ERR_OK);
    assert_int_equal(listed.n, 2);
}

static void damaged_record_is_corrupt(void **state)
{
    struct uuid one = id(1);
    struct credential found;
    struct listed listed = {.n = 0};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(create(txn, 1, CREDENTIAL_KEY, "a"), ERR_OK);
    assert_int_equal(store_put(txn, TABLE_CREDENTIALS, uuid_span(&one), span_str("\1?")), ERR_OK);
    assert_int_equal(credentials_find(txn, span_str("a"), NOW, &found), ERR_CORRUPT);
    assert_int_equal(credentials_revoke(txn, &one, NOW), ERR_CORRUPT);
    assert_int_equal(
        credentials_rotate(txn, &one, (struct proof){.bytes = digest("b")}, NOW), ERR_CORRUPT);
    assert_int_equal(credentials_list(txn, &UUID_NONE, note, &listed), ERR_CORRUPT);
    assert_int_equal(listed.n, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(key_is_found_by_its_token_alone),
        TEST(id_is_taken_once),
        TEST(revoking_keeps_the_first_time),
        TEST(rotation_leaves_the_last_one_for_a_while),
        TEST(secrets_rotate_likewise),
        TEST(lists_go_from_the_oldest),
        TEST(damaged_record_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
