/* credential_test - a credential's stored form, when it is good, what it allows, and tokens. */
#include "damage.h"

#include "model/credential.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Every member set to something else. */
static struct credential full(void)
{
    return (struct credential){
        .id = uuid_make(INT64_C(1767323045678), 1, 2),
        .kind = CREDENTIAL_SECRET,
        .name = span_str("github main"),
        .scopes = SCOPE_EVENTS | SCOPE_ADMIN,
        .created_ms = 3,
        .expires_ms = INT64_MAX,
        .revoked_ms = -5,
        .types = span_str("order.*,ping"),
        .sources = span_str("https://example.com/*"),
        .rate = 6,
        .burst = UINT32_MAX,
        .provider = span_str("generic"),
        .scheme = span_str("{\"header\":\"x\"}"),
        .options = CREDENTIAL_REPEATS_BODY,
        .proofs = {{span_of("\0\1\2", 3), 0, UINT64_MAX}, {span_str("older"), 7}},
        .proof_count = 2,
    };
}

static bool same(const struct credential *a, const struct credential *b)
{
    if (a->proof_count != b->proof_count)
        return false;
    for (size_t i = 0; i < a->proof_count; i++)
        if (!span_eq(a->proofs[i].bytes, b->proofs[i].bytes) ||
            a->proofs[i].until_ms != b->proofs[i].until_ms || a->proofs[i].key != b->proofs[i].key)
            return false;
    return uuid_eq(&a->id, &b->id) && a->kind == b->kind && span_eq(a->name, b->name) &&
           a->scopes == b->scopes && a->created_ms == b->created_ms &&
           a->expires_ms == b->expires_ms && a->revoked_ms == b->revoked_ms &&
           span_eq(a->types, b->types) && span_eq(a->sources, b->sources) && a->rate == b->rate &&
           a->burst == b->burst && span_eq(a->provider, b->provider) &&
           span_eq(a->scheme, b->scheme) && a->options == b->options;
}

static void credential_returns_as_it_was_stored(void **state)
{
    struct credential credentials[] = {full(), full(), {.kind = CREDENTIAL_KEY}};
    (void)state;
    credentials[1].proof_count = 1;
    for (size_t i = 0; i < COUNT(credentials); i++) {
        struct buf record = BUF_INIT;
        struct credential back;
        credential_encode(&credentials[i], &record);
        assert_int_equal(credential_decode(buf_span(&record), &back), ERR_OK);
        assert_true(same(&back, &credentials[i]));
        buf_done(&record);
    }
}

/* As earlier versions wrote it: 1 without the options, neither with the key of a proof. */
static void credential_of_an_earlier_version_is_read(void **state)
{
#define BEHIND_THE_VERSION \
    "0123456789abcdef" \
    "\1" \
    "\0\0\0\2gh" \
    "\0\0\0\1" \
    "\0\0\0\0\0\0\0\3" \
    "\0\0\0\0\0\0\0\4" \
    "\0\0\0\0\0\0\0\0" \
    "\0\0\0\3a.*" \
    "\0\0\0\0" \
    "\0\0\0\5\0\0\0\6" \
    "\0\0\0\6github" \
    "\0\0\0\0" \
    "\1" \
    "\0\0\0\5proof" \
    "\0\0\0\0\0\0\0\7"
    static const struct {
        struct span record;
        unsigned options;
    } cases[] = {
        {{(const uint8_t *)"\1" BEHIND_THE_VERSION, sizeof "\1" BEHIND_THE_VERSION - 1}, 0},
        {{(const uint8_t *)"\2" BEHIND_THE_VERSION "\2", sizeof "\2" BEHIND_THE_VERSION "\2" - 1},
            CREDENTIAL_REPEATS_BODY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct credential c;
        assert_int_equal(credential_decode(cases[i].record, &c), ERR_OK);
        assert_true(span_eq_str(c.name, "gh") && span_eq_str(c.types, "a.*") &&
                    span_eq_str(c.provider, "github") && span_eq_str(c.proofs[0].bytes, "proof"));
        assert_int_equal(c.proofs[0].until_ms, 7);
        assert_int_equal(c.proofs[0].key, 0);
        assert_int_equal(c.options, cases[i].options);
    }
}

static enum err decode(struct span record)
{
    struct credential c;
    enum err err = credential_decode(record, &c);
    if (!err) {
        unsigned sum = damage_touch(c.name) + damage_touch(c.types) + damage_touch(c.sources) +
                       damage_touch(c.provider) + damage_touch(c.scheme);
        assert_true(c.proof_count <= SECRETS_MAX && c.kind < CREDENTIAL__MAX);
        for (size_t i = 0; i < c.proof_count; i++)
            sum += damage_touch(c.proofs[i].bytes);
        assert_true(sum < UINT32_MAX);
    }
    return err;
}

static void credential_notices_a_damaged_record(void **state)
{
    struct credential credential = full();
    struct buf record = BUF_INIT;
    (void)state;
    credential_encode(&credential, &record);
    damage_is_noticed(buf_span(&record), decode);
    record.data[17] = CREDENTIAL__MAX; /* behind version and id */
    assert_int_equal(decode(buf_span(&record)), ERR_CORRUPT);
    buf_done(&record);
}

static const struct {
    int64_t expires_ms, revoked_ms, now_ms;
    bool live;
} live_cases[] = {
    {0, 0, 0, true},
    {0, 0, INT64_MAX, true},
    {1000, 0, 999, true},
    {1000, 0, 1000, false},
    {1000, 0, 1001, false},
    {0, 1, 0, false},
    {0, 5000, 1000, false}, /* revoked is revoked, whatever the clock says */
    {1000, 1, 999, false},
};

static void credential_is_live_until_it_expires_or_is_revoked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(live_cases); i++) {
        struct credential credential = {
            .expires_ms = live_cases[i].expires_ms, .revoked_ms = live_cases[i].revoked_ms};
        struct proof proof = {SPAN_NONE, live_cases[i].expires_ms};
        if (credential_is_live(&credential, live_cases[i].now_ms) != live_cases[i].live)
            fail_msg("case %zu", i);
        if (!live_cases[i].revoked_ms)
            assert_int_equal(proof_is_live(&proof, live_cases[i].now_ms), live_cases[i].live);
    }
}

static const struct {
    const char *list, *value;
    bool allowed;
} allow_cases[] = {
    {"", "anything", true},
    {"", "", true},
    {"a", "a", true},
    {"a", "b", false},
    {"a", "aa", false},
    {"a", "", false},
    {"aa", "a", false},
    {"a,b", "b", true},
    {"a,b", "a,b", false},
    {"a,b", "a,", false},
    {"a*", "a", true},
    {"a*", "abc", true},
    {"a*", "ba", false},
    {"*", "anything", true},
    {"*", "", true},
    {"x,order.*,y", "order.created", true},
    {"x,order.*,y", "order", false},
    {"x,order.*,y", "y", true},
    {"x,order.*,y", "yy", false},
    {"A", "a", false},
    {"a*b", "axb", false}, /* only at an end */
    {"a*b", "a*b", true},
};

static void credential_allows_what_its_list_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(allow_cases); i++)
        if (credential_allows(span_str(allow_cases[i].list), span_str(allow_cases[i].value)) !=
            allow_cases[i].allowed)
            fail_msg("\"%s\" and \"%s\"", allow_cases[i].list, allow_cases[i].value);
}

static const struct {
    const char *list;
    bool good;
} list_cases[] = {
    {"", true},
    {"a", true},
    {"a,b,c*", true},
    {"*", true},
    {"https://example.com/x?y#z", true},
    {"gr\xc3\xbc\xc3\x9f", true},
    {",", false},
    {"a,", false},
    {",a", false},
    {"a,,b", false},
    {"a, b", false},
    {" a", false},
    {"a\n", false},
    {"a\x7f", false},
    {"a\tb", false},
};

static void credential_lists_are_checked(void **state)
{
    char longest[4097];
    (void)state;
    for (size_t i = 0; i < COUNT(list_cases); i++)
        if (credential_list_check(span_str(list_cases[i].list)) != list_cases[i].good)
            fail_msg("\"%s\"", list_cases[i].list);
    memset(longest, 'a', sizeof longest);
    assert_true(credential_list_check(span_of(longest, 4096)));
    assert_false(credential_list_check(span_of(longest, 4097)));
    assert_false(credential_list_check(span_of("a\0b", 3)));
}

#define NAMES "events, status, pipelines, triggers, admin"
#define UNKNOWN "there is no such scope; the scopes are " NAMES
#define GAP "a scope is missing beside a comma; the scopes are " NAMES
#define NONE "name at least one scope of " NAMES

static const struct {
    const char *list;
    unsigned scopes;  /* SCOPE_NONE: refused */
    const char *text; /* written out again, or why not */
} scope_cases[] = {
    {"events", SCOPE_EVENTS, "events"},
    {"admin", SCOPE_ADMIN, "admin"},
    {"events,status", SCOPE_EVENTS | SCOPE_STATUS, "events,status"},
    {"status,events", SCOPE_EVENTS | SCOPE_STATUS, "events,status"},
    {"status,status", SCOPE_STATUS, "status"},
    {"events,status,pipelines,triggers,admin",
        SCOPE_EVENTS | SCOPE_STATUS | SCOPE_PIPELINES | SCOPE_TRIGGERS | SCOPE_ADMIN,
        "events,status,pipelines,triggers,admin"},
    {"", SCOPE_NONE, NONE},
    {"all", SCOPE_NONE, UNKNOWN},
    {"Events", SCOPE_NONE, UNKNOWN},
    {"event", SCOPE_NONE, UNKNOWN},
    {"eventss", SCOPE_NONE, UNKNOWN},
    {"events, status", SCOPE_NONE, UNKNOWN},
    {",events", SCOPE_NONE, GAP},
    {"events,,status", SCOPE_NONE, GAP},
    {"events,", SCOPE_NONE, GAP},
    {",", SCOPE_NONE, GAP},
    {"events,all", SCOPE_NONE, UNKNOWN},
    {"events;status", SCOPE_NONE, UNKNOWN},
    {"*", SCOPE_NONE, UNKNOWN},
};

static void scopes_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scope_cases); i++) {
        unsigned scopes = 0x80;
        struct buf text = BUF_INIT;
        bool good = scopes_parse(span_str(scope_cases[i].list), &scopes, &text);
        assert_int_equal(good, scope_cases[i].scopes != SCOPE_NONE);
        if (good) {
            assert_int_equal(scopes, scope_cases[i].scopes);
            assert_int_equal(text.len, 0);
            scopes_format(scopes, ",", &text);
        } else {
            assert_int_equal(scopes, 0x80);
        }
        assert_string_equal(buf_text(&text), scope_cases[i].text);
        buf_done(&text);
    }
}

static void scopes_are_joined_as_asked(void **state)
{
    struct buf text = BUF_INIT;
    (void)state;
    scopes_format(SCOPE_NONE, ", ", &text);
    assert_int_equal(text.len, 0);
    buf_add_str(&text, "of ");
    scopes_format(SCOPE_STATUS | SCOPE_TRIGGERS, " or ", &text);
    assert_string_equal(buf_text(&text), "of status or triggers");
    buf_clear(&text);
    scopes_format(~0u, ", ", &text);
    assert_string_equal(buf_text(&text), NAMES);
    buf_done(&text);
}

static void tokens_are_written_as_documented(void **state)
{
    uint8_t random[TOKEN_RANDOM] = {0};
    char text[TOKEN_TEXT];
    (void)state;
    token_format(CREDENTIAL_KEY, random, text);
    assert_string_equal(text, "fxk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_true(token_is_wellformed(span_str(text)));
    memset(random, 0xff, sizeof random);
    token_format(CREDENTIAL_SECRET, random, text);
    assert_string_equal(text, "fxs___________________________________________8");
    assert_int_equal(strlen(text), TOKEN_TEXT - 1);
    assert_false(token_is_wellformed(span_str(text))); /* a secret is never sent */
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)i;
    token_format(CREDENTIAL_KEY, random, text);
    assert_string_equal(text, "fxk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
}

static const char *const not_tokens[] = {
    "",
    "fxk_",
    "fxk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "fxk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "FXK_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "fxs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    " fxk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

static void what_cannot_be_a_token_is_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(not_tokens); i++)
        if (token_is_wellformed(span_str(not_tokens[i])))
            fail_msg("\"%s\"", not_tokens[i]);
    assert_false(token_is_wellformed(SPAN_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credential_returns_as_it_was_stored),
        cmocka_unit_test(credential_of_an_earlier_version_is_read),
        cmocka_unit_test(credential_notices_a_damaged_record),
        cmocka_unit_test(credential_is_live_until_it_expires_or_is_revoked),
        cmocka_unit_test(credential_allows_what_its_list_names),
        cmocka_unit_test(credential_lists_are_checked),
        cmocka_unit_test(scopes_are_read_and_written),
        cmocka_unit_test(scopes_are_joined_as_asked),
        cmocka_unit_test(tokens_are_written_as_documented),
        cmocka_unit_test(what_cannot_be_a_token_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
