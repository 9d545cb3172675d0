/*
 * listing_test - the parameters of a list: each goes to its field, whatever stands
 * beside it in the query, and keeps its text until the request is over.
 */
#include "fake_channel.h"
#include "temp_store.h"

#include <sys/socket.h>
#include <unistd.h>

#include "web/listing.h"
#include "web/receive.h"

#define ID "0192f7a0-1234-7abc-8def-0123456789ab"

static const char *const names[] = {
    "status", "service", "pipeline_id", "event_type", "since", "until", "limit", "after", NULL};

static struct temp_store t;
static struct serving serving;

/* What a query was read as, in a line; written by the handler, since the request ends there. */
static struct buf seen;

static void show_text(const char *name, struct span text)
{
    if (text.len)
        buf_printf(&seen, " %s=%.*s", name, (int)text.len, (const char *)text.data);
}

static void show_time(const char *name, int64_t ms)
{
    if (ms)
        buf_printf(&seen, " %s=%lld", name, (long long)ms);
}

static void list(struct request *request)
{
    struct execution_query query = {0};
    char after[UUID_TEXT];
    if (!listing_read(request, names, &query))
        return;
    if (query.with_status)
        buf_printf(&seen, " status=%s", status_name(query.status));
    show_text("service", query.service);
    show_text("pipeline_id", query.pipeline_id);
    show_text("event_type", query.event_type);
    show_time("since", query.since_ms);
    show_time("until", query.until_ms);
    if (query.limit)
        buf_printf(&seen, " limit=%zu", query.limit);
    uuid_format(&query.after, after);
    if (!uuid_is_none(&query.after))
        buf_printf(&seen, " after=%s", after);
    reply_nothing(request, 204);
}

static void page(struct request *request)
{
    const struct execution_query query = {0};
    listing_reply(request, &query, "executions");
}

static const struct route routes[] = {
    {"GET", "/list", SCOPE_NONE, list, false},
    {"GET", "/page", SCOPE_NONE, page, false},
};
static const struct program program = {"test", STORE_READ_WRITE, routes, COUNT(routes)};

static int setup(void **state)
{
    (void)state;
    temp_store_make(&t);
    serving = (struct serving){&program, &t.home, t.store, NULL};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_done(&seen);
    temp_store_remove(&t);
    return 0;
}

static int client[2]; /* the connection that a reply would go to: this end, and the client's */

static struct pollfd client_peer(const struct channel *channel)
{
    (void)channel;
    return (struct pollfd){.fd = client[0], .events = POLLIN};
}

static int ask_path(struct fake *fake, const char *path, const char *query)
{
    fake_init(fake);
    fake->channel.peer = client_peer;
    fake_set(fake, "REQUEST_METHOD", "GET");
    fake_set(fake, "SCRIPT_NAME", path);
    fake_set(fake, "QUERY_STRING", query);
    buf_clear(&seen);
    request_serve(&serving, &fake->channel);
    return fake_status(fake);
}

static int ask(struct fake *fake, const char *query)
{
    return ask_path(fake, "/list", query);
}

static const struct {
    const char *query;
    int status;
    const char *seen; /* or what the refusal says */
} cases[] = {
    {"", 204, ""},
    {"other=1", 204, ""},
    {"status=failed", 204, " status=failed"},
    {"status=pending", 204, " status=pending"},
    {"service=a%20b", 204, " service=a b"},
    {"pipeline_id=p", 204, " pipeline_id=p"},
    {"event_type=a.b", 204, " event_type=a.b"},
    {"since=1970-01-01T00:00:01Z", 204, " since=1000"},
    {"until=1970-01-01T00:00:02Z", 204, " until=2000"},
    {"until=1970-01-01T00:00:02Z&since=1970-01-01T00:00:01Z", 204, " since=1000 until=2000"},
    {"limit=1", 204, " limit=1"},
    {"limit=1000", 204, " limit=1000"},
    {"limit=00007", 204, " limit=7"},
    {"after=" ID, 204, " after=" ID},
    {"after=" ID "&limit=2&until=1970-01-01T00:00:02Z&since=1970-01-01T00:00:01Z&event_type=t"
     "&pipeline_id=p&service=s&status=skipped",
        204,
        " status=skipped service=s pipeline_id=p event_type=t since=1000 until=2000 limit=2"
        " after=" ID},

    {"status=", 422, "status: must be pending, in_progress, completed, failed or skipped."},
    {"status=Failed", 422, "status: must be pending"},
    {"service=", 422, "service: must not be empty."},
    {"pipeline_id=", 422, "pipeline_id: must not be empty."},
    {"event_type", 422, "event_type: must not be empty."},
    {"since=1", 422, "since: must be an RFC 3339 time such as 2026-01-31T12:00:00Z."},
    {"until=", 422, "until: must be an RFC 3339 time"},
    {"limit=", 422, "limit: must be a whole number from 1 to 1000."},
    {"limit=0", 422, "limit: must be a whole number"},
    {"limit=1001", 422, "limit: must be a whole number"},
    {"limit=-1", 422, "limit: must be a whole number"},
    {"limit=+1", 422, "limit: must be a whole number"},
    {"limit=%201", 422, "limit: must be a whole number"},
    {"limit=1%20", 422, "limit: must be a whole number"},
    {"limit=0x1", 422, "limit: must be a whole number"},
    {"limit=000007", 422, "limit: must be a whole number"},
    {"limit=18446744073709551617", 422, "limit: must be a whole number"},
    {"after=1", 422, "after: must be the \"next\" of the page before."},
    {"limit=1&limit=1", 400, "The query parameter limit is there twice"},
    {"service=%zz", 400, "The query parameter service is there twice, badly encoded"},
};

static void listing_reads_each_parameter(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake fake;
        if (ask(&fake, cases[i].query) != cases[i].status)
            fail_msg("%s: %s", cases[i].query, buf_text(&fake.reply));
        if (cases[i].status == 204)
            assert_string_equal(buf_text(&seen), cases[i].seen);
        else if (!strstr(fake_member(&fake, "detail"), cases[i].seen))
            fail_msg("%s: %s", cases[i].query, fake_member(&fake, "detail"));
        fake_done(&fake);
    }
}

/* The texts of a list, all of them as long as they may be, and beside what is not read at all. */
static void listing_keeps_long_texts_beside_each_other(void **state)
{
    static const char *const texts[] = {"service", "pipeline_id", "event_type"};
    struct buf query = BUF_INIT, want = BUF_INIT;
    struct fake fake;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        buf_printf(&query, "%s=", texts[i]);
        buf_printf(&want, " %s=", texts[i]);
        for (size_t k = 0; k < 4096; k++) {
            buf_add_char(&query, (char)('a' + i));
            buf_add_char(&want, (char)('a' + i));
        }
        buf_printf(&query, "&x%zu=", i);
        for (size_t k = 0; k < 100000; k++)
            buf_add_char(&query, '%');
        buf_add_char(&query, '&');
    }
    assert_int_equal(ask(&fake, buf_text(&query)), 204);
    assert_string_equal(buf_text(&seen), buf_text(&want));
    fake_done(&fake);
    buf_add_str(&query, "event_type=again");
    assert_int_equal(ask(&fake, buf_text(&query)), 400);
    fake_done(&fake);
    buf_done(&query);
    buf_done(&want);
}

/* A client that has shut down its side alone takes the page. */
static void listing_makes_no_page_for_nobody(void **state)
{
    struct fake fake;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, client), 0);
    assert_int_equal(ask_path(&fake, "/page", ""), 200);
    fake_done(&fake);
    assert_int_equal(shutdown(client[1], SHUT_WR), 0);
    assert_int_equal(ask_path(&fake, "/page", ""), 200);
    fake_done(&fake);
    close(client[1]);
    assert_int_equal(ask_path(&fake, "/page", ""), 503);
    fake_done(&fake);
    close(client[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(listing_reads_each_parameter, setup, teardown),
        cmocka_unit_test_setup_teardown(
            listing_keeps_long_texts_beside_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(listing_makes_no_page_for_nobody, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
