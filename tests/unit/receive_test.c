/*
 * receive_test - a request from its variables to its reply: path, body, credential,
 * query, and the form of what is sent back.
 */
#include "fake_channel.h"
#include "temp_store.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "home/meter.h"
#include "store/credentials.h"
#include "web/body.h"
#include "web/receive.h"

#define LIMIT 1024 /* bytes of a body; the least that the setting allows */

static struct temp_store t;
static struct serving serving;

/* What the handler saw. */
static struct {
    unsigned calls;
    char method[16], path[256], query[256], id[UUID_TEXT];
    struct buf body;
    struct uuid credential;
} seen;

static request_handler *behave; /* NULL: reply {} */

static void handle(struct request *request)
{
    seen.calls++;
    snprintf(seen.method, sizeof seen.method, "%s", request->method);
    snprintf(seen.path, sizeof seen.path, "%.*s", (int)request->path.len,
        (const char *)request->path.data);
    snprintf(seen.query, sizeof seen.query, "%s", request->query);
    snprintf(seen.id, sizeof seen.id, "%s", request->id);
    buf_clear(&seen.body);
    buf_add_span(&seen.body, request->body);
    seen.credential = request->credential.id;
    if (behave)
        behave(request);
    else
        reply_json(request, 200, span_str("{}"));
}

static const struct route routes[] = {
    {"GET", "/", SCOPE_NONE, handle, false},
    {"GET", "/open", SCOPE_NONE, handle, false},
    {"POST", "/open", SCOPE_NONE, handle, false},
    {"GET", "/open/{a}", SCOPE_NONE, handle, false},
    {"POST", "/post", SCOPE_NONE, handle, false},
    {"GET", "/keyed", SCOPE_STATUS, handle, false},
    {"POST", "/keyed", SCOPE_STATUS, handle, false},
    {"POST", "/either", SCOPE_EVENTS | SCOPE_ADMIN, handle, false},
    {"GET", "/hook", SCOPE_EVENTS, handle, true},
};

static const struct program program = {"test", STORE_READ_WRITE, routes, COUNT(routes)};

/* The keys, by the letter that stands for each in the tables. */
static char tokens[128][TOKEN_TEXT];

static void make_key(
    struct store_txn *txn, char letter, unsigned scopes, int64_t expires_ms, int64_t revoked_ms)
{
    uint8_t random[TOKEN_RANDOM], digest[CRYPTO_SHA256];
    memset(random, letter, sizeof random);
    token_format(CREDENTIAL_KEY, random, tokens[(unsigned)letter]);
    crypto_sha256(span_str(tokens[(unsigned)letter]), digest);
    struct credential credential = {
        .id = uuid_make(1000, 0, (uint64_t)letter),
        .kind = CREDENTIAL_KEY,
        .name = span_str("key"),
        .scopes = scopes,
        .expires_ms = expires_ms,
        .revoked_ms = revoked_ms,
        .rate = letter == 'R',
        .burst = letter == 'R' ? 2 : 0,
        .proofs = {{span_of(digest, sizeof digest), 0}},
        .proof_count = 1,
    };
    assert_int_equal(credentials_create(txn, &credential), ERR_OK);
}

static int setup(void **state)
{
    (void)state;
    temp_store_make(&t);
    t.home.config.web_body_bytes = LIMIT;
    serving = (struct serving){&program, &t.home, t.store, NULL};
    struct store_txn *txn = temp_store_begin(&t);
    make_key(txn, 'S', SCOPE_STATUS, 0, 0);
    make_key(txn, 'T', SCOPE_STATUS | SCOPE_EVENTS, 0, 0);
    make_key(txn, 'E', SCOPE_EVENTS, 0, 0);
    make_key(txn, 'X', SCOPE_STATUS, 1000, 0);
    make_key(txn, 'V', SCOPE_STATUS, 0, 1000);
    make_key(txn, 'R', SCOPE_STATUS, 0, 0);
    temp_store_commit(&t);
    memset(tokens['U'], 'u', TOKEN_TEXT - 1); /* unknown, and only looks like one */
    memcpy(tokens['U'], "fxk_", 4);
    memset(&seen, 0, sizeof seen);
    behave = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_done(&seen.body);
    temp_store_remove(&t);
    return 0;
}

static void serve(struct fake *fake)
{
    seen.calls = 0;
    request_serve(&serving, &fake->channel);
}

static void fake_request(struct fake *fake, const char *method, const char *path)
{
    fake_init(fake);
    fake_set(fake, "REQUEST_METHOD", method);
    fake_set(fake, "SCRIPT_NAME", path);
    fake_set(fake, "REQUEST_URI", path);
}

/* Paths. NULL: the front end does not send it. */
static const struct {
    const char *script, *info, *uri;
    int status;
    const char *path; /* as the handler sees it */
} path_cases[] = {
    {"/open", NULL, "/open", 200, "/open"},
    {"/open", "", "/open", 200, "/open"},
    {"/open", NULL, NULL, 200, "/open"},
    {NULL, "/open", "/open", 200, "/open"},
    {"", "/open", "/open", 200, "/open"},
    {"/open", "/x", "/open/x", 200, "/open/x"}, /* wherever it is cut */
    {"/open/x", NULL, "/open/x", 200, "/open/x"},
    {"/op", "en/x", "/open/x", 200, "/open/x"},
    {"/open/", NULL, "/open/", 200, "/open"}, /* a slash at the end and none are the same */
    {"/open", "/", "/open/", 200, "/open"},
    {"/open/x/", NULL, "/open/x/", 200, "/open/x"},
    {"/", NULL, "/", 200, "/"},
    {"/open", NULL, "/open?a=//b/../%2f", 200, "/open"}, /* the query is another matter */
    {"/open/a b", NULL, "/open/a%20b", 404, NULL},       /* no route needs an encoded character */
    {"/open/ab", NULL, "/open/%61b", 404, NULL},
    {"/open/x..y", NULL, "/open/x..y", 200, "/open/x..y"},
    {"/open/...", NULL, "/open/...", 200, "/open/..."},
    {"/open/.x", NULL, "/open/.x", 200, "/open/.x"},
    {NULL, NULL, NULL, 404, NULL},
    {"", "", "", 404, NULL},
    {"/open//", NULL, NULL, 404, NULL},
    {"/opens", NULL, "/opens", 404, NULL},
    {"/open/x/y", NULL, "/open/x/y", 404, NULL},
    {"/open", NULL, "//open", 404, NULL}, /* tidied by the front end */
    {"/open/x", NULL, "/open//x", 404, NULL},
    {"/open/x", NULL, "/open/./x", 404, NULL},
    {"/open/x", NULL, "/a/../open/x", 404, NULL},
    {"/open", NULL, "/open/.", 404, NULL},
    {"/open", NULL, "/open/x/..", 404, NULL},
    {"/open", NULL, "/open/x/..?q", 404, NULL},
    {"/open/a/b", NULL, "/open/a%2fb", 404, NULL},
    {"/open/a/b", NULL, "/open/a%2Fb", 404, NULL},
    {"/open/a\\b", NULL, "/open/a%5cb", 404, NULL},
    {"/open/a\\b", NULL, "/open/a%5Cb", 404, NULL},
    {"/open/a", NULL, "/open/a%00b", 404, NULL},
    {"/open/x", NULL, "/open/%2e%2e/open/x", 404, NULL},
    {"/open/x", NULL, "/open/%2E/x", 404, NULL},
};

static void path_is_taken_literally(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(path_cases); i++) {
        struct fake fake;
        fake_init(&fake);
        fake_set(&fake, "REQUEST_METHOD", "GET");
        if (path_cases[i].script)
            fake_set(&fake, "SCRIPT_NAME", path_cases[i].script);
        if (path_cases[i].info)
            fake_set(&fake, "PATH_INFO", path_cases[i].info);
        if (path_cases[i].uri)
            fake_set(&fake, "REQUEST_URI", path_cases[i].uri);
        serve(&fake);
        if (fake_status(&fake) != path_cases[i].status)
            fail_msg("case %zu, %s: %s", i, path_cases[i].uri ? path_cases[i].uri : "-",
                buf_text(&fake.reply));
        assert_int_equal(seen.calls, path_cases[i].status == 200);
        if (path_cases[i].path)
            assert_string_equal(seen.path, path_cases[i].path);
        fake_done(&fake);
    }
}

/* Methods. */

static const struct {
    const char *method, *path; /* method NULL: not sent */
    int status;
    const char *allow;
} method_cases[] = {
    {"GET", "/open", 200, NULL},
    {"POST", "/open", 200, NULL},
    {NULL, "/open", 200, NULL},
    {"HEAD", "/open", 200, NULL},
    {"HEAD", "/keyed", 401, NULL},
    {"HEAD", "/post", 405, "POST"},
    {"GET", "/post", 405, "POST"},
    {"DELETE", "/open", 405, "GET, HEAD, POST"},
    {"OPTIONS", "/keyed", 405, "GET, HEAD, POST"}, /* before anybody is asked for a key */
    {"TRACE", "/nothing", 404, NULL},
};

static void method_chooses_the_handler(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(method_cases); i++) {
        struct fake fake;
        fake_init(&fake);
        if (method_cases[i].method)
            fake_set(&fake, "REQUEST_METHOD", method_cases[i].method);
        fake_set(&fake, "SCRIPT_NAME", method_cases[i].path);
        serve(&fake);
        assert_int_equal(fake_status(&fake), method_cases[i].status);
        const char *allow = fake_header(&fake, "Allow");
        assert_string_equal(
            allow ? allow : "-", method_cases[i].allow ? method_cases[i].allow : "-");
        if (method_cases[i].status == 200)
            assert_string_equal(
                seen.method, method_cases[i].method ? method_cases[i].method : "GET");
        fake_done(&fake);
    }
}

/* Errors of the front end, which calls its error handler with them. NULL: not sent. */
static const struct {
    const char *error, *method, *uri;
    int status;
    const char *seen; /* method, path and query as the handler sees them */
    const char *detail;
    bool later;
} front_end_cases[] = {
    {NULL, "GET", "/open?a=1", 200, "GET /open ", NULL, false},
    {"", "GET", "/open", 200, "GET /open ", NULL, false},
    {"200", "GET", "/open", 200, "GET /open ", NULL, false},
    {"41", "GET", "/open", 200, "GET /open ", NULL, false},
    {"4110", "GET", "/open", 200, "GET /open ", NULL, false},
    {"411", "GET", "/post", 200, "POST /post ", NULL, false},
    {"411", "GET", "/post/?a=1&b=2", 200, "POST /post a=1&b=2", NULL, false},
    {"411", "GET", "/nothing", 411, NULL, "A POST needs a length", false},
    {"411", "GET", NULL, 411, NULL, "A POST needs a length", false},
    {"411", "GET", "/open//", 411, NULL, "A POST needs a length", false},
    {"400", "GET", "/open", 400, NULL, "The web server refused this request", false},
    {"413", "POST", "/open", 413, NULL, "The web server refused this request", false},
    {"501", "POST", "/open", 501, NULL, "The web server refused this request", false},
    {"400", "GET", "/open", 400, NULL, "Host", false},
    {"413", "POST", "/open", 413, NULL, "body is too large", false},
    {"431", "GET", "/open", 431, NULL, "headers are too large", false},
    {"501", "POST", "/open", 501, NULL, "method", false},
    {"418", "POST", "/open", 418, NULL, "as it was sent.", false},
    {"500", "POST", "/open", 503, NULL, "send it again later", true},
    {"502", "POST", "/open", 503, NULL, "send it again later", true},
    {"503", "POST", "/open", 503, NULL, "send it again later", true},
    {"504", "GET", "/open", 503, NULL, "send it again later", true},
};

static void front_end_errors_become_problems(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(front_end_cases); i++) {
        struct fake fake;
        char got[800];
        fake_init(&fake);
        fake_set(&fake, "REQUEST_METHOD", front_end_cases[i].method);
        fake_set(&fake, "SCRIPT_NAME", "/open");
        if (front_end_cases[i].uri)
            fake_set(&fake, "REQUEST_URI", front_end_cases[i].uri);
        if (front_end_cases[i].error)
            fake_set(&fake, "REDIRECT_STATUS", front_end_cases[i].error);
        serve(&fake);
        if (fake_status(&fake) != front_end_cases[i].status)
            fail_msg("case %zu: %s", i, buf_text(&fake.reply));
        assert_int_equal(seen.calls, front_end_cases[i].status == 200);
        snprintf(got, sizeof got, "%s %s %s", seen.method, seen.path, seen.query);
        if (front_end_cases[i].seen)
            assert_string_equal(got, front_end_cases[i].seen);
        if (front_end_cases[i].detail)
            assert_non_null(strstr(fake_member(&fake, "detail"), front_end_cases[i].detail));
        assert_int_equal(fake_header(&fake, "Retry-After") != NULL, front_end_cases[i].later);
        fake_done(&fake);
    }
}

/* What is logged between two requests belongs to neither. */
static void log_lines_name_a_request_while_it_is_served(void **state)
{
    static const char *const errors[] = {"200", "404", "411", "502"};
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        struct fake fake;
        char line[32];
        fake_request(&fake, "GET", "/nothing");
        fake_set(&fake, "REDIRECT_STATUS", errors[i]);
        serve(&fake);
        log_info("after %s", errors[i]);
        snprintf(line, sizeof line, "info: after %s", errors[i]);
        assert_true(temp_logged(&t.temp, line));
        fake_done(&fake);
    }
}

/* Bodies. */

static const struct {
    const char *length; /* CONTENT_LENGTH; NULL: not sent */
    size_t sent;
    bool goes_off;
    int status;
    size_t got; /* by the handler */
    const char *detail;
} body_cases[] = {
    {"0", 0, false, 200, 0, NULL},
    {"5", 5, false, 200, 5, NULL},
    {"005", 5, false, 200, 5, NULL},
    {"5", 9, false, 200, 5, NULL}, /* what comes behind is no part of it */
    {"0", 9, false, 200, 0, NULL},
    {"1023", 1023, false, 200, 1023, NULL},
    {"1024", 1024, false, 200, 1024, NULL},
    {"5", 4, false, 400, 0, "The body ended early: 4 bytes of the 5 that"},
    {"5", 0, false, 400, 0, "The body ended early: 0 bytes of the 5 that"},
    {"5", 4, true, 400, 0, "The body ended early"},
    {"1024", 1023, true, 400, 0, "The body ended early"},
    {"1025", 1025, false, 413, 0, "The body is too large; the limit is 1024 bytes."},
    {"1025", 0, true, 413, 0, "The body is too large"},
    {"4294967297", 9, false, 413, 0, "The body is too large"},
    {"18446744073709551617", 9, false, 413, 0, "The body is too large"},
    {"99999999999999999999999999999999999999999", 9, false, 413, 0, "The body is too large"},
    {"-1", 5, false, 400, 0, "Content-Length is not a number."},
    {"+5", 5, false, 400, 0, "Content-Length is not a number."},
    {"5 ", 5, false, 400, 0, "Content-Length is not a number."},
    {"0x5", 5, false, 400, 0, "Content-Length is not a number."},
    {"5, 5", 5, false, 400, 0, "Content-Length is not a number."},
    {"99999999999999999999x", 5, false, 400, 0, "Content-Length is not a number."},
    /* Without a length: to the end. */
    {NULL, 0, false, 200, 0, NULL},
    {"", 9, false, 200, 9, NULL},
    {NULL, 1023, false, 200, 1023, NULL},
    {NULL, 1024, false, 200, 1024, NULL},
    {NULL, 1025, false, 413, 0, "The body is too large; the limit is 1024 bytes."},
    {NULL, 100000, false, 413, 0, "The body is too large"},
    {NULL, 5, true, 400, 0, "The body broke off"},
    {NULL, 1024, true, 400, 0, "The body broke off"},
};

static void body_is_whole_or_refused(void **state)
{
    static const size_t pieces[] = {0, 1, 7, 1000};
    (void)state;
    uint8_t *bytes = mem_alloc(100000);
    for (size_t i = 0; i < 100000; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t i = 0; i < COUNT(body_cases); i++) {
        for (size_t k = 0; k < COUNT(pieces); k++) {
            struct fake fake;
            fake_request(&fake, "POST", "/open");
            if (body_cases[i].length)
                fake_set(&fake, "CONTENT_LENGTH", body_cases[i].length);
            fake.body = span_of(bytes, body_cases[i].sent);
            fake.goes_off = body_cases[i].goes_off;
            fake.piece = pieces[k];
            serve(&fake);
            if (fake_status(&fake) != body_cases[i].status)
                fail_msg("case %zu: %s", i, buf_text(&fake.reply));
            if (body_cases[i].status == 200) {
                assert_true(span_eq(buf_span(&seen.body), span_of(bytes, body_cases[i].got)));
            } else {
                assert_int_equal(seen.calls, 0);
                if (!strstr(fake_member(&fake, "detail"), body_cases[i].detail))
                    fail_msg("case %zu: %s", i, fake_member(&fake, "detail"));
            }
            assert_true(fake.drained); /* whatever the reply is, and whatever of it is kept */
            assert_int_equal(fake.taken, body_cases[i].sent);
            fake_done(&fake);
        }
    }
    free(bytes);
}

/* A body that is too large is not anybody's, and nobody's body is kept for a path that is none. */
static void body_comes_after_the_route_and_before_the_key(void **state)
{
    static const struct {
        const char *method, *path;
        int status;
    } cases[] = {{"POST", "/nothing", 404}, {"POST", "//open", 404}, {"PATCH", "/open", 405},
        {"POST", "/keyed", 413}};
    static const uint8_t bytes[99999];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake fake;
        fake_request(&fake, cases[i].method, cases[i].path);
        fake_set(&fake, "CONTENT_LENGTH", "99999");
        fake.body = span_of(bytes, sizeof bytes);
        serve(&fake);
        assert_int_equal(fake_status(&fake), cases[i].status);
        assert_true(fake.drained);
        assert_int_equal(fake.taken, sizeof bytes);
        fake_done(&fake);
    }
}

/* Credentials. A percent sign and a letter stand for that key. */
#define MISSING "A valid credential is needed"
#define TWICE "A header that identifies the sender came twice"
#define DIFFERENT "Two different keys came"

static const struct {
    const char *variables[3];
    int status;
    const char *detail;
} auth_cases[] = {
    {{"HTTP_X_API_KEY=%S"}, 200, NULL},
    {{"HTTP_X_API_KEY=%T"}, 200, NULL},
    {{"HTTP_AUTHORIZATION=Bearer %S"}, 200, NULL},
    {{"HTTP_AUTHORIZATION=bearer %S"}, 200, NULL},
    {{"HTTP_AUTHORIZATION=BEARER   %S"}, 200, NULL},
    {{"REDIRECT_HTTP_AUTHORIZATION=Bearer %S"}, 200, NULL},
    {{"HTTP_AUTHORIZATION=", "REDIRECT_HTTP_AUTHORIZATION=Bearer %S"}, 200, NULL},
    {{"HTTP_AUTHORIZATION=Bearer %S", "REDIRECT_HTTP_AUTHORIZATION=Bearer %S"}, 200, NULL},
    {{"HTTP_X_API_KEY=%S", "HTTP_AUTHORIZATION=Bearer %S"}, 200, NULL},
    {{"HTTP_X_API_KEY=%S", "HTTP_AUTHORIZATION=Basic dTpw"}, 200, NULL}, /* the front end's own */
    {{"HTTP_X_API_KEY=", "HTTP_AUTHORIZATION=Bearer %S"}, 200, NULL},

    {{NULL}, 401, MISSING},
    {{"HTTP_X_API_KEY="}, 401, MISSING},
    {{"HTTP_X_API_KEY=%U"}, 401, MISSING},
    {{"HTTP_X_API_KEY=%X"}, 401, MISSING}, /* one answer for every reason */
    {{"HTTP_X_API_KEY=%V"}, 401, MISSING},
    {{"HTTP_X_API_KEY=nonsense"}, 401, MISSING},
    {{"HTTP_X_API_KEY= %S"}, 401, MISSING},
    {{"HTTP_X_API_KEY=Bearer %S"}, 401, MISSING},
    {{"HTTP_X_API_KEY=%Sx"}, 401, MISSING},
    {{"HTTP_AUTHORIZATION=%S"}, 401, MISSING},
    {{"HTTP_AUTHORIZATION=Bearer"}, 401, MISSING},
    {{"HTTP_AUTHORIZATION=Bearer "}, 401, MISSING},
    {{"HTTP_AUTHORIZATION=Bearer    "}, 401, MISSING},
    {{"HTTP_AUTHORIZATION=Bearer%S"}, 401, MISSING},
    {{"HTTP_AUTHORIZATION=Basic %S"}, 401, MISSING},
    {{"HTTP_AUTHORIZATION=Bearer %X"}, 401, MISSING},
    /* Other variables of much the same name. */
    {{"X_API_KEY=%S"}, 401, MISSING},
    {{"HTTP_X_API_KEYS=%S"}, 401, MISSING},
    {{"HTTP_X_API_KE=%S"}, 401, MISSING},
    {{"AUTHORIZATION=Bearer %S"}, 401, MISSING},
    {{"HTTP_REDIRECT_HTTP_AUTHORIZATION=Bearer %S"}, 401, MISSING},
    {{"QUERY_STRING=key=%S"}, 401, MISSING},

    {{"HTTP_X_API_KEY=%E"}, 403, "This credential lacks the scope status."},
    {{"HTTP_AUTHORIZATION=Bearer %E"}, 403, "This credential lacks the scope status."},

    /* X_API_KEY: with an underscore reaches a CGI program under the same name. */
    {{"HTTP_X_API_KEY=%S", "HTTP_X_API_KEY=%E"}, 400, TWICE},
    {{"HTTP_X_API_KEY=%U", "HTTP_X_API_KEY=%S"}, 400, TWICE},
    {{"HTTP_X_API_KEY=%S", "HTTP_X_API_KEY=%S"}, 400, TWICE},
    {{"HTTP_X_API_KEY=", "HTTP_X_API_KEY=%S"}, 400, TWICE},
    {{"HTTP_X_API_KEY=%S, %E"}, 400, TWICE}, /* joined by the front end */
    {{"HTTP_X_API_KEY=%S,%S"}, 400, TWICE},
    {{"HTTP_X_API_KEY=,"}, 400, TWICE},
    {{"HTTP_AUTHORIZATION=Bearer %S", "HTTP_AUTHORIZATION=Bearer %E"}, 400, TWICE},
    {{"HTTP_AUTHORIZATION=Bearer %S, Bearer %E"}, 400, TWICE},
    {{"HTTP_AUTHORIZATION=Basic dTpw, Bearer %S"}, 400, TWICE},
    {{"REDIRECT_HTTP_AUTHORIZATION=Bearer %S", "REDIRECT_HTTP_AUTHORIZATION=Bearer %S"}, 400,
        TWICE},
    {{"HTTP_X_API_KEY=%S", "HTTP_AUTHORIZATION=Bearer %T"}, 400, DIFFERENT},
    {{"HTTP_X_API_KEY=%U", "HTTP_AUTHORIZATION=Bearer %S"}, 400, DIFFERENT},
    {{"HTTP_X_API_KEY=%S", "REDIRECT_HTTP_AUTHORIZATION=Bearer %E"}, 400, DIFFERENT},
};

static void fake_auth(struct fake *fake, const char *variable)
{
    struct buf text = BUF_INIT;
    for (const char *c = variable; *c; c++) {
        if (*c == '%')
            buf_add_str(&text, tokens[(unsigned)*++c]);
        else
            buf_add_char(&text, *c);
    }
    fake_variable(fake, buf_text(&text));
    buf_done(&text);
}

static void credential_is_one_and_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(auth_cases); i++) {
        struct fake fake;
        fake_request(&fake, "GET", "/keyed");
        for (size_t k = 0; k < 3 && auth_cases[i].variables[k]; k++)
            fake_auth(&fake, auth_cases[i].variables[k]);
        serve(&fake);
        if (fake_status(&fake) != auth_cases[i].status)
            fail_msg("%s: %s", auth_cases[i].variables[0] ? auth_cases[i].variables[0] : "nothing",
                buf_text(&fake.reply));
        assert_int_equal(seen.calls, auth_cases[i].status == 200);
        const char *authenticate = fake_header(&fake, "WWW-Authenticate");
        if (auth_cases[i].status == 401)
            assert_string_equal(authenticate, "Bearer realm=\"fxbridge\"");
        else
            assert_null(authenticate);
        if (auth_cases[i].detail)
            assert_non_null(strstr(fake_member(&fake, "detail"), auth_cases[i].detail));
        assert_null(strstr(buf_text(&fake.reply), "fxk_")); /* it is never sent back */
        fake_done(&fake);
    }
    assert_false(temp_logged(&t.temp, "fxk_")); /* nor logged */
    assert_true(temp_logged(&t.temp, "401 GET: revoked key"));
    assert_true(temp_logged(&t.temp, "401 GET: expired key"));
    assert_true(temp_logged(&t.temp, "401 GET: unknown key"));
}

static void request_knows_its_credential(void **state)
{
    struct uuid expected = uuid_make(1000, 0, 'T');
    struct fake fake;
    (void)state;
    fake_request(&fake, "POST", "/either"); /* one of the scopes is enough */
    fake_auth(&fake, "HTTP_X_API_KEY=%T");
    serve(&fake);
    assert_int_equal(fake_status(&fake), 200);
    assert_true(uuid_eq(&seen.credential, &expected));
    fake_done(&fake);

    fake_request(&fake, "POST", "/either");
    fake_auth(&fake, "HTTP_X_API_KEY=%S");
    serve(&fake);
    assert_int_equal(fake_status(&fake), 403);
    assert_non_null(strstr(fake_member(&fake, "detail"), "events or admin"));
    fake_done(&fake);

    fake_request(&fake, "POST", "/open"); /* where none is needed, none is looked at */
    fake_auth(&fake, "HTTP_X_API_KEY=%U");
    serve(&fake);
    assert_int_equal(fake_status(&fake), 200);
    assert_true(uuid_is_none(&seen.credential));
    fake_done(&fake);
}

/* The very next request after a revocation is refused. */
static void revoked_key_is_refused_at_once(void **state)
{
    struct uuid id = uuid_make(1000, 0, 'S');
    struct fake fake;
    (void)state;
    for (int revoked = 0; revoked < 2; revoked++) {
        fake_request(&fake, "GET", "/keyed");
        fake_auth(&fake, "HTTP_X_API_KEY=%S");
        serve(&fake);
        assert_int_equal(fake_status(&fake), revoked ? 401 : 200);
        fake_done(&fake);
        assert_int_equal(credentials_revoke(temp_store_begin(&t), &id, 1000), ERR_OK);
        temp_store_commit(&t);
    }
}

static int serve_at(const char *path, const char *variable, const char *address)
{
    struct fake fake;
    fake_request(&fake, "GET", path);
    fake_set(&fake, "REMOTE_ADDR", address);
    fake_auth(&fake, variable);
    serve(&fake);
    int status = fake_status(&fake);
    const char *after = fake_header(&fake, "Retry-After");
    assert_int_equal(status == 429, after != NULL);
    if (after)
        assert_in_range(strtol(after, NULL, 10), 1, 61);
    fake_done(&fake);
    return status;
}

static int serve_key(const char *variable, const char *address)
{
    return serve_at("/keyed", variable, address);
}

/* Only what has to be searched for is bounded by who sends it. */
static void failing_address_is_told_to_wait(void **state)
{
    (void)state;
    t.home.config.web_failures_per_minute = 1;
    t.home.config.web_failures_burst = 3;
    serving.meter = meter_open(&t.home);
    assert_non_null(serving.meter);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(serve_at("/hook", "HTTP_X_API_KEY=%U", "192.0.2.1"), 401);
        assert_int_equal(serve_at("/keyed", "HTTP_X_API_KEY=%U", "192.0.2.1"), 401);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(serve_at("/hook", "HTTP_X_GITLAB_TOKEN=wrong", "192.0.2.1"), 401);
    assert_int_equal(serve_at("/hook", "HTTP_X_GITLAB_TOKEN=wrong", "192.0.2.1"), 429);
    assert_int_equal(serve_at("/hook", "HTTP_X_API_KEY=%T", "192.0.2.1"), 200);
    assert_int_equal(serve_at("/hook", "HTTP_X_API_KEY=%U", "192.0.2.1"), 401);
    assert_int_equal(serve_key("HTTP_X_API_KEY=%S", "192.0.2.1"), 200);
    assert_int_equal(serve_at("/hook", "HTTP_X_GITLAB_TOKEN=wrong", "192.0.2.2"), 401);
}

static void credential_has_a_rate(void **state)
{
    (void)state;
    serving.meter = meter_open(&t.home);
    assert_int_equal(serve_key("HTTP_X_API_KEY=%R", "192.0.2.1"), 200);
    assert_int_equal(serve_key("HTTP_X_API_KEY=%R", "192.0.2.2"), 200);
    assert_int_equal(serve_key("HTTP_X_API_KEY=%R", "192.0.2.3"), 429);
    assert_int_equal(serve_key("HTTP_X_API_KEY=%S", "192.0.2.3"), 200);
}

/* Replies. */

static void message(struct request *request)
{
    reply_header(request, "ETag", "\"1\"");
    reply_header(request, "X-More", "2");
    reply_message(request, 201, "It is \"done\"\n");
}

static void problem(struct request *request)
{
    reply_problem(request, 422, "%s: wants %d of \"%s\".", "field", 3, "\xc3\xa4");
}

static void nothing(struct request *request)
{
    reply_nothing(request, 204);
}

static void json(struct request *request)
{
    reply_json(request, 200, span_of("[1,\"\0\"]", 7));
}

static void many(struct request *request)
{
    reply_too_many(request, 1001, "Wait.");
}

#define HEAD(status, type, length) \
    "Status: " status "\r\nContent-Type: " type "\r\nContent-Length: " length "\r\n" ALWAYS
#define ALWAYS "X-Request-Id: ID\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
#define PROBLEM "application/problem+json"

/* ID stands for the id of the request. */
static const struct {
    request_handler *behave;
    const char *reply;
    size_t len; /* 0: of the text */
} reply_cases[] = {
    {message,
        HEAD("201 Created", "application/json", "30") "ETag: \"1\"\r\nX-More: 2\r\n\r\n"
                                                      "{\"message\":\"It is \\\"done\\\"\\n\"}",
        0},
    {problem,
        HEAD("422 Unprocessable Content", PROBLEM,
            "154") "\r\n"
                   "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                   "\"detail\":\"field: wants 3 of \\\"\xc3\xa4\\\".\",\"instance\":\"ID\"}",
        0},
    {nothing, "Status: 204 No Content\r\n" ALWAYS "\r\n", 0},
    {json, HEAD("200 OK", "application/json", "7") "\r\n[1,\"\0\"]", 7},
    {many,
        HEAD("429 Too Many Requests", PROBLEM,
            "130") "Retry-After: 2\r\n\r\n"
                   "{\"type\":\"about:blank\",\"title\":\"Too Many Requests\",\"status\":429,"
                   "\"detail\":\"Wait.\",\"instance\":\"ID\"}",
        0},
};

static void reply_has_this_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(reply_cases); i++) {
        struct fake fake;
        struct buf expected = BUF_INIT;
        behave = reply_cases[i].behave;
        fake_request(&fake, "GET", "/open");
        serve(&fake);
        const char *text = reply_cases[i].reply;
        size_t len = strlen(text);
        if (reply_cases[i].len)
            len = (size_t)(strstr(text, "\r\n\r\n") + 4 - text) + reply_cases[i].len;
        for (size_t k = 0; k < len; k++) {
            if (k + 1 < len && text[k] == 'I' && text[k + 1] == 'D' &&
                (text[k - 1] == ' ' || text[k - 1] == '"')) {
                buf_add_str(&expected, seen.id);
                k++;
            } else {
                buf_add_char(&expected, text[k]);
            }
        }
        if (!span_eq(buf_span(&fake.reply), buf_span(&expected)))
            fail_msg("%s\nwanted: %s", buf_text(&fake.reply), buf_text(&expected));
        if (fake_header(&fake, "Content-Length"))
            assert_int_equal(
                strtol(fake_header(&fake, "Content-Length"), NULL, 10), fake_body(&fake).len);
        buf_done(&expected);
        fake_done(&fake);
    }
}

/* A request's id is one word for it: in the header, in the problem, in the log. */
static void request_id_is_the_same_everywhere(void **state)
{
    char before[UUID_TEXT] = "";
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct fake fake;
        struct uuid id;
        fake_request(&fake, "GET", "/keyed");
        serve(&fake);
        char header[UUID_TEXT];
        snprintf(header, sizeof header, "%s", fake_header(&fake, "X-Request-Id"));
        assert_true(uuid_parse(span_str(header), &id));
        assert_string_equal(fake_member(&fake, "instance"), header);
        assert_true(temp_logged(&t.temp, header));
        assert_string_not_equal(header, before);
        memcpy(before, header, sizeof before);
        fake_done(&fake);
    }
}

static const struct {
    enum err err;
    int status;
    const char *detail;
} error_cases[] = {
    {ERR_INVALID, 422, "The request is not acceptable."},
    {ERR_DENIED, 403, ""},
    {ERR_NOTFOUND, 404, "There is no such thing."},
    {ERR_CONFLICT, 409, "It stands in the way of something that is there."},
    {ERR_FULL, 503, "There is no room left for new work; nothing was stored."},
    {ERR_TIMEOUT, 503, "The store cannot be used right now; nothing was stored."},
    {ERR_BUSY, 503, "The store cannot be used right now; nothing was stored."},
    {ERR_IO, 503, "The store cannot be used right now; nothing was stored."},
    {ERR_CORRUPT, 503, "The store cannot be used right now; nothing was stored."},
};

static enum err error_at_hand;

static void error(struct request *request)
{
    reply_error(request, error_at_hand);
}

static void errors_have_one_map_to_http(void **state)
{
    (void)state;
    behave = error;
    assert_int_equal(err_http_status(ERR_OK), 200);
    for (size_t i = 0; i < COUNT(error_cases); i++) {
        struct fake fake;
        error_at_hand = error_cases[i].err;
        assert_int_equal(err_http_status(error_cases[i].err), error_cases[i].status);
        fake_request(&fake, "GET", "/open");
        serve(&fake);
        assert_int_equal(fake_status(&fake), error_cases[i].status);
        assert_int_equal(fake_header(&fake, "Retry-After") != NULL, error_cases[i].status == 503);
        assert_non_null(strstr(fake_member(&fake, "detail"), error_cases[i].detail));
        fake_done(&fake);
    }
}

static void without_a_store_every_route_answers_503(void **state)
{
    static const struct {
        const char *method, *path;
        int status;
    } cases[] = {{"GET", "/open", 503}, {"GET", "/keyed", 503}, {"POST", "/open", 503},
        {"GET", "/nothing", 404}, {"PUT", "/open", 405}};
    (void)state;
    serving.store = NULL;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake fake;
        fake_request(&fake, cases[i].method, cases[i].path);
        serve(&fake);
        assert_int_equal(fake_status(&fake), cases[i].status);
        assert_int_equal(seen.calls, 0);
        fake_done(&fake);
    }
}

/* Writes. */

static enum err count(struct store_txn *txn, void *context)
{
    struct request *request = context;
    uint64_t *value = request->state;
    if (span_eq_str(request->body, "no"))
        return ERR_CONFLICT;
    return store_next(txn, "n", value);
}

static void counted(struct request *request, enum err err)
{
    char text[64];
    if (err) {
        reply_error(request, err);
        return;
    }
    snprintf(text, sizeof text, "%u", (unsigned)*(uint64_t *)request->state);
    reply_json(request, 200, span_str(text));
}

static void write_number(struct request *request)
{
    request->state = arena_alloc(&request->arena, sizeof(uint64_t));
    request_write(request, STORE_UNTOLD, count, counted);
}

/* Several requests are gathered and answered once their commit is durable, each with its own. */
static void writes_are_answered_when_they_are_durable(void **state)
{
    struct fake fakes[4];
    (void)state;
    behave = write_number;
    uint64_t before = store_last_commit(t.store);
    for (size_t i = 0; i < COUNT(fakes); i++) {
        fake_request(&fakes[i], "POST", "/open");
        fakes[i].body = span_str(i == 1 ? "no" : "yes");
        serve(&fakes[i]);
        assert_int_equal(fakes[i].replies, 0);
    }
    store_lead(t.store);
    assert_int_equal(store_last_commit(t.store), before + 1);
    assert_int_equal(fake_status(&fakes[1]), 409);
    assert_true(span_eq_str(fake_body(&fakes[0]), "1"));
    assert_true(span_eq_str(fake_body(&fakes[2]), "2"));
    assert_true(span_eq_str(fake_body(&fakes[3]), "3"));
    for (size_t i = 0; i < COUNT(fakes); i++)
        fake_done(&fakes[i]);
}

/* Queries. */

static const struct {
    const char *query, *name;
    enum err err;
    const char *value;
} query_cases[] = {
    {"", "a", ERR_NOTFOUND, ""},
    {"a=1", "a", ERR_OK, "1"},
    {"a=1&b=2", "b", ERR_OK, "2"},
    {"b=2&a=1", "a", ERR_OK, "1"},
    {"a", "a", ERR_OK, ""},
    {"a=", "a", ERR_OK, ""},
    {"a=&b", "b", ERR_OK, ""},
    {"a=b=c", "a", ERR_OK, "b=c"},
    {"=1", "a", ERR_NOTFOUND, ""},
    {"&&a=1&&", "a", ERR_OK, "1"},
    {"aa=1&ba=2", "a", ERR_NOTFOUND, ""},
    {"A=1", "a", ERR_NOTFOUND, ""},
    {"a=x+y", "a", ERR_OK, "x y"},
    {"a=x%20y%2B", "a", ERR_OK, "x y+"},
    {"a=%41%5a%5A%7e", "a", ERR_OK, "AZZ~"},
    {"a=%c3%A4", "a", ERR_OK, "\xc3\xa4"},
    {"a=%26%3D", "a", ERR_OK, "&="},
    {"a=1;b=2", "a", ERR_OK, "1;b=2"},
    {"a=1&a=1", "a", ERR_INVALID, NULL},
    {"a&a", "a", ERR_INVALID, NULL},
    {"a=1&b=2&a=3", "a", ERR_INVALID, NULL},
    {"a=1&b=2&a=3", "b", ERR_OK, "2"}, /* another's fault is another's */
    {"a=%", "a", ERR_INVALID, NULL},
    {"a=%4", "a", ERR_INVALID, NULL},
    {"a=%4&b=1", "a", ERR_INVALID, NULL}, /* does not reach into the next */
    {"a=%&41=1", "a", ERR_INVALID, NULL},
    {"a=%g1", "a", ERR_INVALID, NULL},
    {"a=%1g", "a", ERR_INVALID, NULL},
    {"a=%+1", "a", ERR_INVALID, NULL},
    {"a=% 1", "a", ERR_INVALID, NULL},
    {"a=%00", "a", ERR_INVALID, NULL},
    {"a=x%00y", "a", ERR_INVALID, NULL},
    {"a=%zz&b=1", "b", ERR_OK, "1"},
};

static void query_parameters_are_decoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(query_cases); i++) {
        struct request request = {.query = query_cases[i].query};
        struct span value;
        enum err err = request_query(&request, query_cases[i].name, &value);
        if (err != query_cases[i].err)
            fail_msg("%s of %s: %s", query_cases[i].name, query_cases[i].query, err_name(err));
        if (query_cases[i].value)
            assert_true(span_eq_str(value, query_cases[i].value));
        assert_int_equal(value.data[value.len], 0);
        arena_done(&request.arena);
    }
}

static void query_parameter_has_a_largest_length(void **state)
{
    (void)state;
    for (size_t len = 4095; len <= 4098; len++) {
        struct buf query = BUF_INIT;
        struct span value;
        buf_add_str(&query, "a=");
        for (size_t i = 0; i < len; i++)
            buf_add_char(&query, 'x');
        struct request request = {.query = buf_text(&query)};
        assert_int_equal(request_query(&request, "a", &value), len <= 4096 ? ERR_OK : ERR_INVALID);
        buf_done(&query);
        arena_done(&request.arena);
    }
}

static void query(struct request *request)
{
    struct span value;
    if (request_text(request, "a", &value))
        reply_json(request, 200, span_str("{}"));
}

static void query_reaches_the_handler_undecoded(void **state)
{
    struct fake fake;
    (void)state;
    behave = query;
    fake_request(&fake, "GET", "/open");
    fake_set(&fake, "QUERY_STRING", "a=%41&b=//");
    serve(&fake);
    assert_int_equal(fake_status(&fake), 200);
    assert_string_equal(seen.query, "a=%41&b=//");
    fake_done(&fake);
    fake_request(&fake, "GET", "/open");
    fake_set(&fake, "QUERY_STRING", "a=1&a=2");
    serve(&fake);
    assert_int_equal(fake_status(&fake), 400);
    assert_string_equal(fake_member(&fake, "detail"),
        "The query parameter a is there twice, badly encoded or longer than 4096 bytes.");
    fake_done(&fake);
}

/* Headers. */

static void headers_are_found_by_their_whole_name(void **state)
{
    struct fake fake;
    bool twice;
    (void)state;
    fake_init(&fake);
    fake_variable(&fake, "HTTP_IF_MATCHED=no");
    fake_variable(&fake, "HTTP_IF_MATCH=\"1\"");
    fake_variable(&fake, "HTTP_IF_MATCH=\"2\"");
    fake_variable(&fake, "HTTP_EMPTY=");
    fake_variable(&fake, "HTTP_EQUAL=a=b");
    fake_variable(&fake, "CONTENT_TYPE=text/plain");
    fake_variable(&fake, "NONSENSE");
    struct request request = {.channel = &fake.channel};
    assert_true(span_eq_str(request_header(&request, "HTTP_IF_MATCH"), "\"1\""));
    assert_true(span_eq_str(request_header(&request, "HTTP_EQUAL"), "a=b"));
    assert_true(span_eq_str(request_header(&request, "CONTENT_TYPE"), "text/plain"));
    assert_int_equal(request_header(&request, "HTTP_EMPTY").len, 0);
    assert_int_equal(request_header(&request, "HTTP_IF").len, 0);
    assert_int_equal(request_header(&request, "HTTP_IF_MATCHED_").len, 0);
    assert_int_equal(request_header(&request, "NONSENSE").len, 0);
    assert_true(span_eq_str(request_header_named(&request, "if-match", &twice), "\"1\""));
    assert_true(twice);
    assert_true(span_eq_str(request_header_named(&request, "equal", &twice), "a=b"));
    assert_false(twice);
    assert_int_equal(request_header_named(&request, "if", &twice).len, 0);
    assert_false(twice);
    assert_int_equal(request_header_named(&request, "content-type", &twice).len, 0);
    fake_done(&fake);
}

/* JSON bodies. */

static const struct {
    const char *type; /* NULL: not sent */
    const char *body;
    int status;
} json_cases[] = {
    {NULL, "{}", 200},
    {"", "{}", 200},
    {"application/json", "{}", 200},
    {"Application/JSON", "{}", 200},
    {"application/json; charset=utf-8", "{}", 200},
    {"application/json ;x", "{}", 200},
    {"application/cloudevents+json", "{}", 200},
    {"application/x+JSON;v=1", "{}", 200},
    {"text/plain", "{}", 415},
    {"application/jsonp", "{}", 415},
    {"xapplication/json", "{}", 415},
    {"application/x-www-form-urlencoded", "{}", 415},
    {"json", "{}", 415},
    {"application/json", "", 400},
    {"application/json", "{", 400},
    {"application/json", "{\"a\":1,\"a\":2}", 400},
    {"application/json", "{} x", 400},
    {"application/json", "\xef\xbb\xbf{}", 400},
};

static void expect_json(struct request *request)
{
    if (body_is_json(request))
        reply_json(request, 200, span_str("{}"));
}

static void json_bodies_are_checked(void **state)
{
    (void)state;
    behave = expect_json;
    for (size_t i = 0; i < COUNT(json_cases); i++) {
        struct fake fake;
        fake_request(&fake, "POST", "/open");
        if (json_cases[i].type)
            fake_set(&fake, "CONTENT_TYPE", json_cases[i].type);
        fake.body = span_str(json_cases[i].body);
        serve(&fake);
        if (fake_status(&fake) != json_cases[i].status)
            fail_msg("case %zu: %s", i, buf_text(&fake.reply));
        fake_done(&fake);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(path_is_taken_literally),
        TEST(method_chooses_the_handler),
        TEST(front_end_errors_become_problems),
        TEST(log_lines_name_a_request_while_it_is_served),
        TEST(body_is_whole_or_refused),
        TEST(body_comes_after_the_route_and_before_the_key),
        TEST(credential_is_one_and_good),
        TEST(request_knows_its_credential),
        TEST(revoked_key_is_refused_at_once),
        TEST(failing_address_is_told_to_wait),
        TEST(credential_has_a_rate),
        TEST(reply_has_this_form),
        TEST(request_id_is_the_same_everywhere),
        TEST(errors_have_one_map_to_http),
        TEST(without_a_store_every_route_answers_503),
        TEST(writes_are_answered_when_they_are_durable),
        TEST(query_reaches_the_handler_undecoded),
        TEST(json_bodies_are_checked),
        cmocka_unit_test(query_parameters_are_decoded),
        cmocka_unit_test(query_parameter_has_a_largest_length),
        cmocka_unit_test(headers_are_found_by_their_whole_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
