/* filter_test - which events a list of filters lets through, and what it says of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/filter.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct filter *parse(const char *list, struct buf *why)
{
    struct json_fault fault;
    struct json_tree *tree = json_tree_parse(span_str(list), JSON_DEPTH_DEFAULT, &fault);
    if (!tree && fault.what)
        fail_msg("%s: %s", list, fault.what);
    struct filter *filter = filter_parse(tree, "options.filters", why);
    json_tree_free(tree);
    return filter;
}

/* An order, with everything an event can have. */
static struct event full_event(void)
{
    struct event event = {
        .accepted_ms = 1767323045678,
        .data_kind = EVENT_DATA_JSON,
        .id = span_str("A-1"),
        .source = span_str("https://shop/orders"),
        .type = span_str("order.created"),
        .topic = span_str("orders"),
        .time = span_str("2026-01-01T00:00:00Z"),
        .subject = span_str("4711"),
        .datacontenttype = span_str("application/json"),
        .dataschema = span_str("https://shop/schema"),
        .extensions =
            span_str("{\"tenant\":\"\\u00e4 b\",\"sequence\":7,\"dry\":false,\"none\":null}"),
        .data = span_str(" {\"order\": {\"paid\": true, \"total\": 12.50, \"lines\": [1, 2],"
                         " \"note\": null, \"by\": \"Ann\"}}"),
    };
    memset(event.cid.bytes, 0x11, sizeof event.cid.bytes);
    memset(event.parent.bytes, 0x22, sizeof event.parent.bytes);
    return event;
}

/* Only what the bridge itself cannot do without. */
static struct event bare_event(void)
{
    struct event event = {
        .accepted_ms = 1767323045678,
        .source = span_str("s"),
        .type = span_str("t"),
    };
    memset(event.cid.bytes, 0x11, sizeof event.cid.bytes);
    return event;
}

struct match_case {
    const char *filters, *why; /* why NULL: the event matches */
};

static const struct match_case full_cases[] = {
    {"[]", NULL},
    {"[{\"exact\": {\"type\": \"order.created\"}}]", NULL},
    {"[{\"exact\": {\"type\": \"order.Created\"}}]",
        "exact: type is \"order.created\", not \"order.Created\""},
    {"[{\"exact\": {\"type\": \"order.created\", \"source\": \"x\"}}]",
        "exact: source is \"https://shop/orders\", not \"x\""},
    {"[{\"exact\": {\"type\": \"order\"}}]", "exact: type is \"order.created\", not \"order\""},
    {"[{\"exact\": {\"id\": \"A-1\"}}]", NULL},
    {"[{\"exact\": {\"specversion\": \"1.0\"}}]", NULL},
    {"[{\"exact\": {\"subject\": \"4711\"}}]", NULL},
    {"[{\"exact\": {\"time\": \"2026-01-01T00:00:00Z\"}}]", NULL},
    {"[{\"exact\": {\"datacontenttype\": \"application/json\"}}]", NULL},
    {"[{\"exact\": {\"dataschema\": \"https://shop/schema\"}}]", NULL},
    {"[{\"exact\": {\"topic\": \"orders\"}}]", NULL},
    {"[{\"exact\": {\"correlationid\": \"11111111-1111-1111-1111-111111111111\"}}]", NULL},
    {"[{\"exact\": {\"causationid\": \"22222222-2222-2222-2222-222222222222\"}}]", NULL},
    {"[{\"exact\": {\"tenant\": \"\xc3\xa4 b\"}}]", NULL},
    {"[{\"exact\": {\"sequence\": \"7\", \"dry\": \"false\"}}]", NULL},
    {"[{\"exact\": {\"none\": \"null\"}}]", "exact: the event has no none"},
    {"[{\"exact\": {\"missing\": \"x\"}}]", "exact: the event has no missing"},
    {"[{\"prefix\": {\"source\": \"https://shop/\"}}]", NULL},
    {"[{\"prefix\": {\"source\": \"https://shop/orders\"}}]", NULL},
    {"[{\"prefix\": {\"source\": \"https://shop/orders/\"}}]",
        "prefix: source is \"https://shop/orders\", which does not start with "
        "\"https://shop/orders/\""},
    {"[{\"suffix\": {\"type\": \".created\"}}]", NULL},
    {"[{\"suffix\": {\"type\": \".deleted\"}}]",
        "suffix: type is \"order.created\", which does not end with \".deleted\""},
    {"[{\"suffix\": {\"type\": \"an.order.created\"}}]",
        "suffix: type is \"order.created\", which does not end with \"an.order.created\""},
    {"[{\"all\": [{\"prefix\": {\"type\": \"order.\"}}, {\"suffix\": {\"type\": \".created\"}}]}]",
        NULL},
    {"[{\"all\": [{\"prefix\": {\"type\": \"order.\"}}, {\"exact\": {\"subject\": \"1\"}}]}]",
        "all: exact: subject is \"4711\", not \"1\""},
    {"[{\"any\": [{\"exact\": {\"type\": \"a\"}}, {\"exact\": {\"subject\": \"4711\"}}]}]", NULL},
    {"[{\"any\": [{\"exact\": {\"type\": \"a\"}}, {\"exact\": {\"subject\": \"1\"}}]}]",
        "any: exact: type is \"order.created\", not \"a\"; exact: subject is \"4711\", not \"1\""},
    {"[{\"not\": {\"exact\": {\"type\": \"a\"}}}]", NULL},
    {"[{\"not\": {\"exact\": {\"missing\": \"a\"}}}]", NULL},
    {"[{\"not\": {\"prefix\": {\"type\": \"o\"}}}]", "not: its filter (prefix) matches"},
    {"[{\"not\": {\"not\": {\"prefix\": {\"type\": \"o\"}}}}]", NULL},
    {"[{\"exact\": {\"topic\": \"orders\"}}, {\"exact\": {\"topic\": \"x\"}}]",
        "exact: topic is \"orders\", not \"x\""},
    {"[{\"json\": {\"/order/paid\": true}}]", NULL},
    {"[{\"json\": {\"/order/total\": 12.5, \"/order/note\": null, \"/order/by\": \"Ann\"}}]", NULL},
    {"[{\"json\": {\"/order/lines\": [1.0, 2e0]}}]", NULL},
    {"[{\"json\": {\"/order/lines/1\": 2}}]", NULL},
    {"[{\"json\": {\"/order/lines\": [2, 1]}}]", "json: /order/lines is [1, 2], not [2,1]"},
    {"[{\"json\": {\"\": {\"order\": {\"by\": \"Ann\", \"note\": null, \"lines\": [1, 2],"
     " \"total\": 12.5, \"paid\": true}}}}]",
        NULL},
    {"[{\"json\": {\"\": 1}}]",
        "json: the payload is {\"order\": {\"paid\": true, \"total\": 12.50, \"lines\": [1, 2],"
        " \"note\": null, \"by\": \"Ann\"}}, not 1"},
    {"[{\"json\": {\"/order/paid\": false}}]", "json: /order/paid is true, not false"},
    {"[{\"json\": {\"/order/by\": \"ann\"}}]", "json: /order/by is \"Ann\", not \"ann\""},
    {"[{\"json\": {\"/order/by\": null}}]", "json: /order/by is \"Ann\", not null"},
    {"[{\"json\": {\"/order/missing\": null}}]", "json: the payload has no /order/missing"},
};

static const struct match_case bare_cases[] = {
    {"[{\"exact\": {\"id\": \"11111111-1111-1111-1111-111111111111\"}}]", NULL},
    {"[{\"exact\": {\"time\": \"2026-01-02T03:04:05.678Z\"}}]", NULL},
    {"[{\"exact\": {\"topic\": \"t\"}}]", NULL},
    {"[{\"exact\": {\"causationid\": \"x\"}}]", "exact: the event has no causationid"},
    {"[{\"prefix\": {\"subject\": \"x\"}}]", "prefix: the event has no subject"},
    {"[{\"exact\": {\"tenant\": \"x\"}}]", "exact: the event has no tenant"},
    {"[{\"json\": {\"\": null}}]", "json: the payload is not JSON"},
    {"[{\"not\": {\"json\": {\"/a\": 1}}}]", NULL},
};

/* As filter_judge, where nothing is too costly. */
static bool filter_match(const struct filter *filter, const struct event *event, struct buf *why)
{
    struct filter_subject subject;
    filter_subject_init(&subject, event);
    enum filter_verdict verdict = filter_judge(filter, &subject, why);
    assert_int_not_equal(verdict, FILTER_TOO_COSTLY);
    filter_subject_done(&subject);
    return verdict == FILTER_MATCHES;
}

static void check_match(const struct match_case *test, const struct event *event)
{
    struct buf why = BUF_INIT;
    struct filter *filter = parse(test->filters, &why);
    if (!filter)
        fail_msg("%s: %s", test->filters, buf_text(&why));
    bool match = filter_match(filter, event, &why);
    if (match != !test->why || strcmp(buf_text(&why), test->why ? test->why : "") != 0)
        fail_msg("%s: %d, %s", test->filters, match, buf_text(&why));
    assert_int_equal(filter_match(filter, event, NULL), match);
    filter_free(filter);
    buf_done(&why);
}

static void filter_matches_a_full_event(void **state)
{
    struct event event = full_event();
    (void)state;
    for (size_t i = 0; i < COUNT(full_cases); i++)
        check_match(&full_cases[i], &event);
}

static void filter_matches_a_bare_event(void **state)
{
    struct event event = bare_event();
    (void)state;
    for (size_t i = 0; i < COUNT(bare_cases); i++)
        check_match(&bare_cases[i], &event);
}

static void filter_none_matches_everything(void **state)
{
    struct event event = bare_event();
    struct buf why = BUF_INIT;
    (void)state;
    assert_true(filter_match(NULL, &event, &why));
    assert_int_equal(why.len, 0);
    filter_free(NULL);
}

static const struct {
    const char *filters, *why;
} bad_cases[] = {
    {"{}", "options.filters: must be an array"},
    {"null", "options.filters: must be an array"},
    {"[1]", "options.filters[0]: must be an object"},
    {"[null]", "options.filters[0]: must be an object"},
    {"[{}]", "options.filters[0]: must have exactly one member"},
    {"[{\"exact\": {\"type\": \"a\"}, \"prefix\": {\"type\": \"a\"}}]",
        "options.filters[0]: must have exactly one member"},
    {"[{\"sql\": \"true\"}]", "options.filters[0].sql: is not a dialect"},
    {"[{\"exact\": {\"type\": \"a\"}}, {\"Exact\": {\"type\": \"a\"}}]",
        "options.filters[1].Exact: is not a dialect"},
    {"[{\"exact\": {}}]", "options.filters[0].exact: must name at least one attribute"},
    {"[{\"exact\": []}]", "options.filters[0].exact: must be an object"},
    {"[{\"exact\": {\"type\": \"\"}}]",
        "options.filters[0].exact.type: must be a string that is not empty"},
    {"[{\"prefix\": {\"type\": 1}}]",
        "options.filters[0].prefix.type: must be a string that is not empty"},
    {"[{\"suffix\": {\"\": \"a\"}}]",
        "options.filters[0].suffix.: is not the name of an attribute"},
    {"[{\"exact\": {\"Type\": \"a\"}}]",
        "options.filters[0].exact.Type: is not the name of an attribute"},
    {"[{\"all\": []}]", "options.filters[0].all: must hold at least one filter"},
    {"[{\"any\": []}]", "options.filters[0].any: must hold at least one filter"},
    {"[{\"any\": {}}]", "options.filters[0].any: must be an array"},
    {"[{\"any\": null}]", "options.filters[0].any: must be an array"},
    {"[{\"any\": [{\"exact\": {\"type\": \"a\"}}, {\"not\": {\"x\": 1}}]}]",
        "options.filters[0].any[1].not.x: is not a dialect"},
    {"[{\"not\": []}]", "options.filters[0].not: must be an object"},
    {"[{\"not\": {}}]", "options.filters[0].not: must have exactly one member"},
    {"[{\"json\": {}}]", "options.filters[0].json: must name at least one pointer"},
    {"[{\"json\": {\"order/paid\": 1}}]",
        "options.filters[0].json.order/paid: is not a JSON pointer"},
    {"[{\"json\": {\"/a~2\": 1}}]", "options.filters[0].json./a~2: is not a JSON pointer"},
};

static void filter_refuses_what_it_does_not_understand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        struct buf why = BUF_INIT;
        struct filter *filter = parse(bad_cases[i].filters, &why);
        if (filter)
            fail_msg("%s was accepted", bad_cases[i].filters);
        if (strncmp(buf_text(&why), bad_cases[i].why, strlen(bad_cases[i].why)) != 0)
            fail_msg("%s: %s", bad_cases[i].filters, buf_text(&why));
        buf_done(&why);
    }
}

/* `[` + open × n + a filter + close × n + `]`. */
static bool accepts_nested(const char *open, const char *close, unsigned n)
{
    struct buf text = BUF_INIT, why = BUF_INIT;
    buf_add_str(&text, "[");
    for (unsigned i = 0; i < n; i++)
        buf_add_str(&text, open);
    buf_add_str(&text, "{\"exact\": {\"type\": \"a\"}}");
    for (unsigned i = 0; i < n; i++)
        buf_add_str(&text, close);
    buf_add_str(&text, "]");
    struct filter *filter = parse(buf_text(&text), &why);
    bool accepted = filter;
    assert_true(accepted || strstr(buf_text(&why), "nested too deeply"));
    filter_free(filter);
    buf_done(&text);
    buf_done(&why);
    return accepted;
}

static void filter_nests_up_to_its_limit(void **state)
{
    (void)state;
    assert_true(accepts_nested("{\"not\":", "}", FILTER_DEPTH_MAX));
    assert_false(accepts_nested("{\"not\":", "}", FILTER_DEPTH_MAX + 1));
    assert_true(accepts_nested("{\"any\":[", "]}", FILTER_DEPTH_MAX));
    assert_false(accepts_nested("{\"all\":[", "]}", FILTER_DEPTH_MAX + 1));
}

/* One `any` with n filters in it. */
static bool accepts_count(unsigned n)
{
    struct buf text = BUF_INIT, why = BUF_INIT;
    buf_add_str(&text, "[{\"any\": [");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&text, "%s{\"exact\": {\"type\": \"a\"}}", i ? "," : "");
    buf_add_str(&text, "]}]");
    struct filter *filter = parse(buf_text(&text), &why);
    bool accepted = filter;
    assert_true(accepted || strstr(buf_text(&why), "options.filters[0].any: holds too many"));
    filter_free(filter);
    buf_done(&text);
    buf_done(&why);
    return accepted;
}

static void filter_counts_up_to_its_limit(void **state)
{
    (void)state;
    assert_true(accepts_count(FILTER_COUNT_MAX - 1));
    assert_false(accepts_count(FILTER_COUNT_MAX));
}

static void filter_shortens_long_values_in_its_reason(void **state)
{
    struct event event = full_event();
    struct buf why = BUF_INIT;
    struct filter *filter = parse("[{\"exact\": {\"subject\": \"a\"}}]", &why);
    char subject[1001];
    (void)state;
    /* The hundredth byte is the first of a character of two, which is left out whole. */
    memset(subject, 'x', sizeof subject);
    memcpy(subject + 99, "\xc3\xa4", 2);
    event.subject = span_of(subject, 1000);
    assert_false(filter_match(filter, &event, &why));
    assert_true(why.len < 200);
    assert_non_null(strstr(buf_text(&why), "x\"…, not \"a\""));
    filter_free(filter);
    buf_done(&why);
}

/* `[0,0,…,0]` of so many elements. */
static void zeros(struct buf *out, size_t count)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < count; i++)
        buf_add_str(out, i ? ",0" : "0");
    buf_add_char(out, ']');
}

static enum filter_verdict judge(const char *filters, struct span payload, struct buf *why)
{
    struct event event = bare_event();
    struct filter_subject subject;
    struct filter *filter = parse(filters, why);
    assert_non_null(filter);
    event.data_kind = EVENT_DATA_JSON;
    event.data = payload;
    filter_subject_init(&subject, &event);
    enum filter_verdict first = filter_judge(filter, &subject, why);
    /* What was found out for one list of filters makes no difference to the next. */
    assert_int_equal(filter_judge(filter, &subject, NULL), first);
    filter_subject_done(&subject);
    filter_free(filter);
    return first;
}

static void filter_says_what_is_too_costly(void **state)
{
    struct buf payload = BUF_INIT, why = BUF_INIT, filters = BUF_INIT, object = BUF_INIT;
    (void)state;
    zeros(&payload, 400000);
    /* One look far behind is within the budget; many are not, and `not` makes no match of that. */
    assert_int_equal(
        judge("[{\"json\":{\"/399999\":0}}]", buf_span(&payload), &why), FILTER_MATCHES);
    assert_int_equal(why.len, 0);
    buf_add_str(&filters, "[{\"not\":{\"json\":{\"/399990\":0,");
    buf_add_str(&filters, "\"/399991\":0,\"/399992\":0,\"/399993\":0,\"/399994\":1}}}]");
    assert_int_equal(judge(buf_text(&filters), buf_span(&payload), &why), FILTER_TOO_COSTLY);
    assert_non_null(strstr(buf_text(&why), "too costly: the filters take more than 1000000 steps"));
    buf_clear(&why);
    /* More values than are looked at. */
    buf_clear(&payload);
    zeros(&payload, JSON_INDEX_MAX);
    assert_int_equal(judge("[{\"json\":{\"/0\":0}}]", buf_span(&payload), &why), FILTER_TOO_COSTLY);
    assert_non_null(strstr(buf_text(&why), "the payload has more than 1000000 values"));
    buf_clear(&why);
    /* Two large objects whose members are looked for in each other. */
    buf_add_char(&object, '{');
    for (int i = 0; i < 20000; i++)
        buf_printf(&object, "%s\"%d\":0", i ? "," : "", i);
    buf_add_char(&object, '}');
    buf_clear(&filters);
    buf_printf(&filters, "[{\"json\":{\"\":%s}}]", buf_text(&object));
    assert_int_equal(judge(buf_text(&filters), buf_span(&object), &why), FILTER_TOO_COSTLY);
    buf_done(&payload);
    buf_done(&why);
    buf_done(&filters);
    buf_done(&object);
}

/* `terms` pointers, the first of `len` bytes, in filters nested as they like. */
static bool is_bounded(size_t terms, size_t len, struct buf *why)
{
    struct buf text = BUF_INIT;
    buf_add_str(&text, "[{\"exact\":{\"type\":\"a\"}},{\"any\":[{\"not\":{\"json\":{\"/");
    for (size_t i = 1; i < len; i++)
        buf_add_char(&text, 'x');
    buf_add_str(&text, "\":1");
    for (size_t i = 2; i < terms; i++)
        buf_printf(&text, ",\"/%zu\":1", i);
    buf_add_str(&text, "}}}]}]");
    struct filter *filter = parse(buf_text(&text), why);
    bool bounded = filter_is_bounded(filter, "options.filters", why);
    filter_free(filter);
    buf_done(&text);
    return bounded;
}

static void filter_counts_its_terms(void **state)
{
    struct buf why = BUF_INIT;
    (void)state;
    assert_true(filter_is_bounded(NULL, "options.filters", &why));
    assert_true(is_bounded(FILTER_TERMS_MAX, FILTER_POINTER_MAX, &why));
    assert_int_equal(why.len, 0);
    assert_false(is_bounded(FILTER_TERMS_MAX + 1, 2, &why));
    assert_non_null(
        strstr(buf_text(&why), "options.filters: name 101 attributes and pointers; 100"));
    buf_clear(&why);
    assert_false(is_bounded(2, FILTER_POINTER_MAX + 1, &why));
    assert_non_null(strstr(buf_text(&why), "a name or pointer of 1025 bytes; 1024 are allowed"));
    buf_done(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_matches_a_full_event),
        cmocka_unit_test(filter_matches_a_bare_event),
        cmocka_unit_test(filter_none_matches_everything),
        cmocka_unit_test(filter_refuses_what_it_does_not_understand),
        cmocka_unit_test(filter_nests_up_to_its_limit),
        cmocka_unit_test(filter_counts_up_to_its_limit),
        cmocka_unit_test(filter_shortens_long_values_in_its_reason),
        cmocka_unit_test(filter_says_what_is_too_costly),
        cmocka_unit_test(filter_counts_its_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
