/*
 * submit_test - text of any length in each header, query parameter and member that
 * the events program keeps beside other text of the request. The event must be
 * stored as it was sent, whatever stood next to it; under ASan, text that has
 * moved is a report.
 */
#include "fake_channel.h"
#include "temp_store.h"

#include "cgi-bin/events/submit.h"
#include "store/events.h"
#include "web/receive.h"

/* The webhook's provider, where a case has one: as if its secret had signed the request. */
static const char *provider;

static void submit_signed(struct request *request)
{
    if (provider) {
        request->credential.provider = span_str(provider);
        request->scheme = scheme_preset(request->credential.provider);
    }
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
    t.home.config.events_repeat_hours = 0; /* no case is a repeat of another */
    serving = (struct serving){&program, &t.home, t.store, NULL};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_store_remove(&t);
    return 0;
}

/*
 * A request, and what becomes of it. In all texts "@" stands for the long run of
 * letters. What is NULL is not sent; an attribute that is NULL is not compared.
 */
struct sent {
    const char *what, *path, *provider, *type, *query, *body;
    const char *headers[6]; /* CGI variables */
    int status;
    const char *event_type, *source, *id, *subject, *topic, *extensions, *data;
};

#define HOOK "/fx/events/webhook"
#define UNNAMED "fx.events.webhook.incoming"
#define FORM "application/x-www-form-urlencoded"
#define STRUCTURED "application/cloudevents+json"
#define BATCH "application/cloudevents-batch+json"
#define GITHUB "{\"action\":\"o\\u0070en\",\"repository\":{\"url\":\"\\/r\"}}"
#define CE "\"specversion\":\"1.0\",\"id\":\"\\u0031\",\"source\":\"\\/s\",\"type\":\"\\u0074\""
#define CE_HEADERS "HTTP_CE_SPECVERSION=1.0", "HTTP_CE_SOURCE=%2Fs", "HTTP_CE_TYPE=%74"

static const struct sent sent[] = {
    /* Webhooks: what headers, query and payload say is put together. */
    {"the event", HOOK, .body = GITHUB, .headers = {"HTTP_X_GITHUB_EVENT=@"}, .status = 200,
        .event_type = UNNAMED, .source = "/r", .data = GITHUB},
    {"the event, with slashes", HOOK, .body = GITHUB, .headers = {"HTTP_X_GITEA_EVENT=a/@"},
        .status = 200, .event_type = UNNAMED, .source = "/r"},
    {"the event of a form", HOOK, .type = FORM,
        .body = "a=@&payload=%7B%22action%22%3A%22x%22%2C%22b%22%3A%22@%22%7D",
        .headers = {"HTTP_X_GITHUB_EVENT=@"}, .status = 200, .event_type = UNNAMED,
        .data = "{\"action\":\"x\",\"b\":\"@\"}"},
    {"the delivery", HOOK, .body = GITHUB,
        .headers = {"HTTP_X_GITHUB_EVENT=push", "HTTP_X_GITHUB_DELIVERY=@"}, .status = 200,
        .event_type = "com.github.push.open", .source = "/r", .id = "@"},
    {"the action", HOOK, .body = "{\"action\":\"\\u0061@\",\"repository\":{\"url\":\"\\/r\"}}",
        .headers = {"HTTP_X_GITHUB_EVENT=push"}, .status = 200, .event_type = UNNAMED,
        .source = "/r"},
    {"the repository", HOOK, .body = "{\"action\":\"open\",\"repository\":{\"url\":\"\\/@\"}}",
        .headers = {"HTTP_X_GITHUB_EVENT=push"}, .status = 422},
    {"all of them", HOOK,
        .body = "{\"action\":\"\\u0061@\",\"repository\":{\"html_url\":\"\\/@\",\"url\":\"/r\"}}",
        .query = "event_source=%2Fs&event_type=t", .status = 200,
        .headers = {"HTTP_X_GITHUB_EVENT=@", "HTTP_X_GITHUB_DELIVERY=@"}, .event_type = "t",
        .source = "/s", .id = "@"},
    {"the URL, which says the default names itself", HOOK, .body = GITHUB,
        .query = "event_type=" UNNAMED "&event_source=%2Ffx%2Fevents%2Fwebhook", .status = 200,
        .headers = {"HTTP_X_GITHUB_EVENT=push"}, .event_type = UNNAMED,
        .source = "/fx/events/webhook"},
    {"the shop", HOOK, "shopify", .body = "{}", .status = 422,
        .headers = {"HTTP_X_SHOPIFY_TOPIC=orders/create", "HTTP_X_SHOPIFY_SHOP_DOMAIN=@"}},
    {"the shop, where the URL says the source", HOOK, "shopify", .body = "{}",
        .query = "event_source=%2Fs", .status = 200,
        .headers = {"HTTP_X_SHOPIFY_TOPIC=orders/create", "HTTP_X_SHOPIFY_SHOP_DOMAIN=@"},
        .event_type = "com.shopify.orders.create", .source = "/s"},
    {"the topic of a shop", HOOK, "shopify", .body = "{}", .status = 200,
        .headers = {"HTTP_X_SHOPIFY_TOPIC=@", "HTTP_X_SHOPIFY_SHOP_DOMAIN=s.example"},
        .event_type = UNNAMED, .source = "https://s.example"},
    {"the webhook's id", HOOK, "standard-webhooks", .body = "{\"type\":\"\\u0061.b\"}",
        .headers = {"HTTP_WEBHOOK_ID=@"}, .status = 200, .event_type = "a.b", .id = "@"},
    {"the commit", HOOK, "gitlab",
        .body = "{\"object_kind\":\"pu\\u0073h\",\"checkout_sha\":\"\\u0063@\","
                "\"project\":{\"web_url\":\"\\/p\"}}",
        .status = 200, .event_type = "com.gitlab.push", .source = "/p", .subject = "c@"},
    {"the identity in the body", HOOK, "stripe", .body = "{\"type\":\"a.b\",\"id\":\"\\u0065@\"}",
        .status = 200, .event_type = "com.stripe.a.b", .id = "e@"},

    /* The query, and what it says of them all. */
    {"a name in the query", HOOK, .body = "{}", .query = "event_type=@", .status = 400},
    {"another parameter", "/fx/events/generic", .body = "{}",
        .query = "x=@&event_source=%2Fs&@&event_type=%74&topic=%6f", .status = 200,
        .event_type = "t", .source = "/s", .topic = "o"},
    {"the topic", "/fx/events/generic", .body = "{}", .query = "topic=@", .status = 400},
    {"the key of a repeat", "/fx/events/generic", .body = "{}",
        .headers = {"HTTP_IDEMPOTENCY_KEY=@"}, .status = 400},
    {"the media type", "/fx/events/generic", .type = "application/json; a=@",
        .body = "{\"a\":\"@\"}", .query = "event_type=t&event_source=s", .status = 200,
        .event_type = "t", .source = "s", .data = "{\"a\":\"@\"}"},

    /* An event of our own. */
    {"the payload", "/fx/events",
        .body =
            "{\"event_source\":\"\\u0073\",\"payload\":\"@\\u0061\",\"event_type\":\"\\u0074\"}",
        .query = "topic=%6f", .status = 200, .event_type = "t", .source = "s", .topic = "o",
        .data = "\"@\\u0061\""},
    {"the source", "/fx/events",
        .body = "{\"event_type\":\"\\u0074\",\"event_source\":\"\\u0073@\",\"payload\":1}",
        .status = 422},

    /* CloudEvents, in three modes. */
    {"an identity in a header", "/fx/events", .headers = {CE_HEADERS, "HTTP_CE_ID=%31@"},
        .query = "topic=%6f", .status = 200, .event_type = "t", .source = "/s", .id = "1@",
        .topic = "o"},
    {"extensions in headers", "/fx/events/generic",
        .headers = {CE_HEADERS, "HTTP_CE_ID=\"1\"", "HTTP_CE_A=%41@", "HTTP_CE_B=\"\\\"@\""},
        .status = 200, .event_type = "t", .source = "/s", .id = "1",
        .extensions = "{\"a\":\"A@\",\"b\":\"\\\"@\"}"},
    {"the name of a header", HOOK, .headers = {CE_HEADERS, "HTTP_CE_ID=1", "HTTP_CE_@=1"},
        .status = 422},
    {"the media type of data", "/fx/events", .type = "text/plain; a=@", .body = "@",
        .headers = {CE_HEADERS, "HTTP_CE_ID=%31"}, .status = 200, .event_type = "t", .source = "/s",
        .id = "1", .data = "@"},
    {"extensions in the body", "/fx/events", .type = STRUCTURED,
        .body = "{\"\\u0061\":\"@\\u0061\",\"\\u0062\":true," CE ",\"data\":\"@\"}",
        .query = "topic=%6f", .status = 200, .event_type = "t", .source = "/s", .id = "1",
        .topic = "o", .extensions = "{\"a\":\"@a\",\"b\":true}", .data = "\"@\""},
    {"text as data", "/fx/events", .type = STRUCTURED,
        .body = "{" CE ",\"datacontenttype\":\"text\\/plain\",\"data\":\"\\u0061@\"}",
        .status = 200, .event_type = "t", .source = "/s", .id = "1", .data = "a@"},
    {"a batch", "/fx/events", .type = BATCH,
        .body = "[{\"subject\":\"\\u0061@\"," CE "},{" CE ",\"time\":1}]", .status = 422},
    {"two of a batch", "/fx/events", .type = BATCH, .body = "[{\"subject\":\"\\u0061@\"," CE "}]",
        .query = "topic=%6f", .status = 200, .event_type = "t", .source = "/s", .id = "1",
        .subject = "a@", .topic = "o"},
};

/* The text with the run of letters in place of "@". The caller frees it. */
static char *lengthen(const char *text, size_t len)
{
    struct buf out = BUF_INIT;
    for (; *text; text++) {
        if (*text != '@')
            buf_add_char(&out, *text);
        for (size_t i = 0; *text == '@' && i < len; i++)
            buf_add_char(&out, 'a');
    }
    buf_add_str(&out, "");
    return (char *)out.data;
}

/* The fake keeps copies, so that ASan sees where each ends. */
static void set(struct fake *fake, const char *name, const char *text, size_t len)
{
    char *value = lengthen(text ? text : "", len);
    fake_set(fake, name, value);
    free(value);
}

static void send(struct fake *fake, const struct sent *s, size_t len, char *body)
{
    fake_init(fake);
    set(fake, "REQUEST_METHOD", "POST", 0);
    set(fake, "SCRIPT_NAME", s->path, 0);
    set(fake, "QUERY_STRING", s->query, len);
    if (s->type)
        set(fake, "CONTENT_TYPE", s->type, len);
    for (size_t i = 0; i < COUNT(s->headers) && s->headers[i]; i++) {
        char *variable = lengthen(s->headers[i], len);
        fake_variable(fake, variable);
        free(variable);
    }
    fake->body = span_str(body);
    provider = s->provider;
    request_serve(&serving, &fake->channel);
    store_lead(t.store);
}

static void check_text(const struct sent *s, struct span got, const char *want, size_t len)
{
    if (!want)
        return;
    char *text = lengthen(want, len);
    if (!span_eq_str(got, text))
        fail_msg("%s: %zu bytes, %.40s… instead of %.40s…", s->what, got.len,
            got.len ? (const char *)got.data : "", text);
    free(text);
}

static void check_stored(const struct sent *s, size_t len)
{
    struct store_txn *txn = temp_store_begin(&t);
    struct event event;
    uint64_t seq;
    assert_int_equal(events_last(txn, &seq), ERR_OK);
    assert_int_equal(events_get(txn, seq, &event), ERR_OK);
    check_text(s, event.type, s->event_type, len);
    check_text(s, event.source, s->source, len);
    check_text(s, event.id, s->id, len);
    check_text(s, event.subject, s->subject, len);
    check_text(s, event.topic, s->topic, len);
    check_text(s, event.extensions, s->extensions, len);
    check_text(s, event.data, s->data, len);
    temp_store_abort(&t);
}

static void submit_keeps_text_of_any_length(void **state)
{
    static const size_t lengths[] = {100000, 200000};
    (void)state;
    for (size_t i = 0; i < COUNT(sent); i++) {
        for (size_t k = 0; k < COUNT(lengths); k++) {
            struct fake fake;
            char *body = lengthen(sent[i].body ? sent[i].body : "", lengths[k]);
            send(&fake, &sent[i], lengths[k], body);
            if (fake_status(&fake) != sent[i].status)
                fail_msg("%s: %s", sent[i].what, buf_text(&fake.reply));
            if (sent[i].status == 200)
                check_stored(&sent[i], lengths[k]);
            fake_done(&fake);
            free(body);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(submit_keeps_text_of_any_length, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
