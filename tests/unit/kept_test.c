/*
 * kept_test - what is kept with an event of how it came in: the door, the sender's address, and
 * headers and query members, of any length, in any encoding, twice.
 */
#include "fake_channel.h"
#include "temp_store.h"

#include "cgi-bin/events/submit.h"
#include "model/limits.h"
#include "store/events.h"
#include "web/receive.h"

static struct scheme scheme;

/* As if a secret of a generic scheme had signed the request. */
static void submit_signed(struct request *request)
{
    request->credential.id = uuid_make(1, 2, 3);
    request->scheme = &scheme;
    submit_webhook(request);
}

static const struct route routes[] = {
    {"POST", "/fx/events", SCOPE_NONE, submit_event},
    {"POST", "/fx/events/generic", SCOPE_NONE, submit_generic},
    {"POST", "/fx/events/webhook", SCOPE_NONE, submit_signed},
};
static const struct program program = {"events", STORE_READ_WRITE, routes, COUNT(routes)};

static struct temp_store t;
static struct serving serving;

static int setup(void **state)
{
    (void)state;
    temp_store_make(&t);
    serving = (struct serving){&program, &t.home, t.store, NULL};
    snprintf(scheme.header, sizeof scheme.header, "x-own-token");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_store_remove(&t);
    return 0;
}

#define GENERIC "/fx/events/generic"
#define HOOK "/fx/events/webhook"

/* "@" stands for so many letters as `len` says. */
static const struct kept {
    const char *what, *path;
    bool address;
    const char *keep_headers, *keep_query; /* NULL: none */
    const char *query;
    const char *variables[4];
    size_t len;
    enum event_door door;
    const char *address_text, *headers, *kept_query; /* as shown; NULL: null */
} cases[] = {
    {"nothing is asked for", GENERIC, false, NULL, NULL, "a=1",
        {"REMOTE_ADDR=192.0.2.7", "HTTP_X_A=1"}, 0, DOOR_GENERIC, NULL, NULL, NULL},
    {"an address", GENERIC, true, NULL, NULL, "", {"REMOTE_ADDR=192.0.2.7"}, 0, DOOR_GENERIC,
        "192.0.2.7", NULL, NULL},
    {"an address of IPv6", HOOK, true, NULL, NULL, "", {"REMOTE_ADDR=[2001:db8::7]"}, 0,
        DOOR_WEBHOOK, "2001:db8::7", NULL, NULL},
    {"an address of both", GENERIC, true, NULL, NULL, "", {"REMOTE_ADDR=::ffff:192.0.2.7"}, 0,
        DOOR_GENERIC, "192.0.2.7", NULL, NULL},
    {"no address", GENERIC, true, NULL, NULL, "", {NULL}, 0, DOOR_GENERIC, NULL, NULL, NULL},
    {"nonsense for an address", GENERIC, true, NULL, NULL, "", {"REMOTE_ADDR=\xff\xfe<b>"}, 0,
        DOOR_GENERIC, NULL, NULL, NULL},
    {"headers", GENERIC, false, "X-A user-agent X-None", NULL, "",
        {"HTTP_X_A=1", "HTTP_USER_AGENT=a \"b\"\t", "HTTP_X_B=2"}, 0, DOOR_GENERIC, NULL,
        "{\"x-a\":\"1\",\"user-agent\":\"a \\\"b\\\"\\t\"}", NULL},
    {"no such header", GENERIC, false, "X-A", NULL, "", {"HTTP_X_AB=1", "HTTP_X=2"}, 0,
        DOOR_GENERIC, NULL, "{}", NULL},
    {"an empty header", GENERIC, false, "X-A", NULL, "", {"HTTP_X_A="}, 0, DOOR_GENERIC, NULL,
        "{\"x-a\":\"\"}", NULL},
    {"the media type", GENERIC, false, "Content-Type", NULL, "", {"CONTENT_TYPE=application/json"},
        0, DOOR_GENERIC, NULL, "{\"content-type\":\"application/json\"}", NULL},
    {"a header twice", GENERIC, false, "X-A", NULL, "", {"HTTP_X_A=1", "HTTP_X_A=2"}, 0,
        DOOR_GENERIC, NULL, "{\"x-a\":null}", NULL},
    {"bytes that are no text", GENERIC, false, "X-A", NULL, "", {"HTTP_X_A=\xc3(\x01\x7f\xc3\xa4"},
        0, DOOR_GENERIC, NULL, "{\"x-a\":\"\xef\xbf\xbd(\\u0001\x7f\xc3\xa4\"}", NULL},
    {"a header as long as may be", GENERIC, false, "X-A", NULL, "", {"HTTP_X_A=@"},
        EVENT_KEPT_VALUE_MAX, DOOR_GENERIC, NULL, "{\"x-a\":\"@\"}", NULL},
    {"one byte more", GENERIC, false, "X-A X-B", NULL, "", {"HTTP_X_A=@", "HTTP_X_B=1"},
        EVENT_KEPT_VALUE_MAX + 1, DOOR_GENERIC, NULL, "{\"x-a\":null,\"x-b\":\"1\"}", NULL},
    {"8 KiB", GENERIC, false, "X-A", NULL, "", {"HTTP_X_A=@"}, 8192, DOOR_GENERIC, NULL,
        "{\"x-a\":null}", NULL},
    {"more than there is room for", GENERIC, false, "X-A X-B X-C X-D", NULL, "",
        {"HTTP_X_A=@", "HTTP_X_B=@", "HTTP_X_C=@", "HTTP_X_D=d"}, 4000, DOOR_GENERIC, NULL,
        "{\"x-a\":\"@\",\"x-b\":\"@\",\"x-c\":null,\"x-d\":\"d\"}", NULL},
    {"a scheme's own header", HOOK, false, "X-Own-Token X-A", NULL, "",
        {"HTTP_X_OWN_TOKEN=secret", "HTTP_X_A=1"}, 0, DOOR_WEBHOOK, NULL,
        "{\"x-own-token\":null,\"x-a\":\"1\"}", NULL},
    {"members", GENERIC, false, NULL, "b a.c none", "a.c=%41+b&b=&x=1", {NULL}, 0, DOOR_GENERIC,
        NULL, NULL, "{\"b\":\"\",\"a.c\":\"A b\"}"},
    {"members that cannot be read", GENERIC, false, NULL, "a b c d", "a=1&a=1&b=%zz&c=%ff&d=%00",
        {NULL}, 0, DOOR_GENERIC, NULL, NULL, "{\"a\":null,\"b\":null,\"c\":null,\"d\":null}"},
    {"a long member", GENERIC, false, NULL, "a", "a=@", {NULL}, 8192, DOOR_GENERIC, NULL, NULL,
        "{\"a\":null}"},
    {"case counts in a query", GENERIC, false, NULL, "a", "A=1", {NULL}, 0, DOOR_GENERIC, NULL,
        NULL, "{}"},
};

/* The text with the letters in place of "@". The caller frees it. */
static char *lengthen(const char *text, size_t len)
{
    struct buf out = BUF_INIT;
    for (; *text; text++)
        for (size_t i = 0; i < (*text == '@' ? len : 1); i++)
            buf_add_span(&out, *text == '@' ? span_str("a") : span_of(text, 1));
    buf_add_str(&out, "");
    return (char *)out.data;
}

static void send(struct fake *fake, const struct kept *c)
{
    char *query = lengthen(c->query, c->len);
    fake_init(fake);
    fake_set(fake, "REQUEST_METHOD", "POST");
    fake_set(fake, "SCRIPT_NAME", c->path);
    fake_set(fake, "QUERY_STRING", query);
    for (size_t i = 0; i < COUNT(c->variables) && c->variables[i]; i++) {
        char *variable = lengthen(c->variables[i], c->len);
        fake_variable(fake, variable);
        free(variable);
    }
    free(query);
    fake->body = span_str("{}");
    t.home.config.web_keep_address = c->address;
    snprintf(t.home.config.web_keep_headers, sizeof t.home.config.web_keep_headers, "%s",
        c->keep_headers ? c->keep_headers : "");
    snprintf(t.home.config.web_keep_query, sizeof t.home.config.web_keep_query, "%s",
        c->keep_query ? c->keep_query : "");
    request_serve(&serving, &fake->channel);
    store_lead(t.store);
}

/* What event_put_received is to write. The caller frees it. */
static char *expect(const struct kept *c)
{
    struct buf text = BUF_INIT;
    char id[UUID_TEXT];
    struct uuid credential = uuid_make(1, 2, 3);
    uuid_format(&credential, id);
    const char *quote = c->address_text ? "\"" : "";
    buf_printf(&text, "{\"door\":\"%s\",\"credential\":", event_door_name(c->door));
    buf_printf(&text, c->door == DOOR_WEBHOOK ? "\"%s\"" : "null", id);
    buf_printf(&text, ",\"address\":%s%s%s,\"headers\":%s,\"query\":%s}", quote,
        c->address_text ? c->address_text : "null", quote, c->headers ? c->headers : "null",
        c->kept_query ? c->kept_query : "null");
    char *whole = lengthen(buf_text(&text), c->len);
    buf_done(&text);
    return whole;
}

static void event_keeps_what_is_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake fake;
        struct event event;
        struct buf out = BUF_INIT;
        struct json_out o = json_out_to(&out);
        uint64_t seq;
        send(&fake, &cases[i]);
        if (fake_status(&fake) != 200)
            fail_msg("%s: %s", cases[i].what, buf_text(&fake.reply));
        struct store_txn *txn = temp_store_begin(&t);
        assert_int_equal(events_last(txn, &seq), ERR_OK);
        assert_int_equal(events_get(txn, seq, &event), ERR_OK);
        json_open(&o, '{');
        event_put_received(&event, &o);
        json_close(&o, '}');
        temp_store_abort(&t);
        char *expected = expect(&cases[i]);
        if (strcmp(buf_text(&out), expected) != 0)
            fail_msg("%s: %s\nwanted: %s", cases[i].what, buf_text(&out), expected);
        free(expected);
        buf_done(&out);
        fake_done(&fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(event_keeps_what_is_asked_for, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
