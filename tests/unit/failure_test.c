/* failure_test - what the event that tells of a failed execution says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/failure.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ID "0192f7a0-1234-7abc-8def-0123456789ab"
#define CID "0192f7a0-5678-7abc-8def-0123456789ab"

static struct uuid uuid(const char *text)
{
    struct uuid id = UUID_NONE;
    assert_true(uuid_parse(span_str(text), &id));
    return id;
}

static struct execution make(struct span error)
{
    return (struct execution){
        .id = uuid(ID),
        .cid = uuid(CID),
        .event_seq = 7,
        .status = STATUS_FAILED,
        .attempt = 4,
        .pipeline_version = 2,
        .created_ms = INT64_C(1767323045678),
        .pipeline_id = span_str("p1"),
        .pipeline_name = span_str("Order \"Mail\""),
        .event_type = span_str("order.created"),
        .error = error,
    };
}

#define HEAD \
    "{\"execution_id\":\"" ID "\",\"service\":\"Order \\\"Mail\\\"\",\"pipeline_id\":\"p1\"," \
    "\"pipeline_version\":\"2\",\"cid\":\"" CID "\",\"event_seq\":7,"
#define TAIL \
    "\"error\":\"it broke\",\"datetime\":\"2026-01-02T03:04:05.678Z\"," \
    "\"failed\":\"2026-01-02T03:04:06.000Z\","

static void failure_tells_all_that_is_known(void **state)
{
    static const struct event named = {.id = {(const uint8_t *)"e-1", 3}}, nameless = {.seq = 7};
    static const struct attempt_result last = {
        .attempt = 4, .step = {(const uint8_t *)"render", 6}, .exit_code = 3};
    static const struct attempt_result lost = {.attempt = 4, .exit_code = -1};
    static const struct {
        const struct event *event;
        const struct attempt_result *last;
        const char *url, *says;
    } rows[] = {
        {&named, &last, "",
            HEAD "\"event_id\":\"e-1\",\"event_type\":\"order.created\",\"attempt\":4,"
                 "\"step\":\"render\",\"exit_code\":3," TAIL "\"link\":null}"},
        {&nameless, &lost, "https://fx.example.org",
            HEAD "\"event_id\":\"" CID "\",\"event_type\":\"order.created\",\"attempt\":4,"
                 "\"step\":null,\"exit_code\":null," TAIL
                 "\"link\":\"https://fx.example.org/fx/executions/" ID "\"}"},
        {NULL, NULL, "https://fx.example.org/below//",
            HEAD "\"event_id\":null,\"event_type\":\"order.created\",\"attempt\":4,"
                 "\"step\":null,\"exit_code\":null," TAIL
                 "\"link\":\"https://fx.example.org/below/fx/executions/" ID "\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct execution execution = make(span_str("it broke"));
        struct failure failure = {
            &execution, rows[i].last, rows[i].event, rows[i].url, INT64_C(1767323046000)};
        struct buf text = BUF_INIT;
        struct json_out out = json_out_to(&text);
        failure_format(&failure, &out);
        assert_string_equal(buf_text(&text), rows[i].says);
        buf_done(&text);
    }
}

/* The error as it is told; the caller frees it. */
static struct buf told(struct span error)
{
    struct execution execution = make(error);
    struct failure failure = {.execution = &execution, .public_url = ""};
    struct buf text = BUF_INIT, back = BUF_INIT;
    struct json_out out = json_out_to(&text);
    struct json_fault fault;
    struct json_item item;
    failure_format(&failure, &out);
    assert_true(json_check(buf_span(&text), 2, &fault));
    assert_true(json_find(buf_span(&text), "error", &item));
    json_unescape(item.value, &back);
    buf_done(&text);
    return back;
}

static void failure_bounds_its_texts(void **state)
{
    static const char *const units[] = {"x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    (void)state;
    for (size_t i = 0; i < COUNT(units); i++) {
        for (size_t len = FAILURE_TEXT_MAX - 8; len < FAILURE_TEXT_MAX + 8; len++) {
            struct buf error = BUF_INIT;
            while (error.len < len)
                buf_add_str(&error, units[i]);
            struct buf text = told(buf_span(&error));
            assert_true(text.len <= FAILURE_TEXT_MAX);
            if (error.len <= FAILURE_TEXT_MAX)
                assert_string_equal(buf_text(&text), buf_text(&error));
            else
                assert_true(text.len > FAILURE_TEXT_MAX - 8 &&
                            strcmp(buf_text(&text) + text.len - 3, "…") == 0 &&
                            memcmp(text.data, error.data, text.len - 3) == 0);
            buf_done(&error);
            buf_done(&text);
        }
    }
}

/* Whatever the bytes are, the payload is JSON, and the error is what of them is text. */
static void failure_takes_any_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *told;
    } rows[] = {
        {"a\0b", 3,
            "a\xef\xbf\xbd"
            "b"},
        {"\"}],\\", 5, "\"}],\\"},
        {"\r\n\t\x1b[31m", 8, "\r\n\t\x1b[31m"},
        {"\xff\xfe", 2, "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        /* NOLINTNEXTLINE(misc-misleading-bidirectional): what is told */
        {"</script>\xe2\x80\xae", 12, "</script>\xe2\x80\xae"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf text = told(span_of(rows[i].bytes, rows[i].len));
        assert_string_equal(buf_text(&text), rows[i].told);
        buf_done(&text);
    }
    struct buf wild = BUF_INIT;
    for (size_t i = 0; i < 5000; i++)
        buf_add_char(&wild, (char)(i * 7919 % 251));
    struct buf text = told(buf_span(&wild));
    assert_true(text.len <= 3 * FAILURE_TEXT_MAX); /* each bad byte becomes three */
    buf_done(&wild);
    buf_done(&text);
}

static void failure_is_not_told_of_telling(void **state)
{
    static const struct {
        const char *type;
        bool telling;
    } rows[] = {
        {FAILURE_TYPE, true},
        {"fx.execution.other", true},
        {"fx.run", false},
        {"fx.schedule", false},
        {"fx.events.generic.incoming", false},
        {"order.created", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(failure_is_from_telling(span_str(rows[i].type)), rows[i].telling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failure_tells_all_that_is_known),
        cmocka_unit_test(failure_bounds_its_texts),
        cmocka_unit_test(failure_takes_any_bytes),
        cmocka_unit_test(failure_is_not_told_of_telling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
