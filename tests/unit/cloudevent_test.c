/*
 * cloudevent_test - CloudEvents 1.0.2 as a receiver has to understand them: the
 * core specification, the HTTP protocol binding and the JSON format, point by point.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "model/cloudevent.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define CID "0192f7a0-1234-7abc-8def-0123456789ab"

/* An event in the JSON format with the attributes it must have, and what it is read as. */
#define MUST "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""
#define EVENT(more) "{" MUST more "}"
#define READ "id=1 source=/s type=t"

/* What was read, in a line: attributes that are there, then the payload. */

static void show_text(struct buf *out, const char *name, struct span text)
{
    if (text.len)
        buf_printf(
            out, "%s%s=%.*s", out->len ? " " : "", name, (int)text.len, (const char *)text.data);
}

static void show_data(struct buf *out, const struct event *e)
{
    static const char *const kinds[] = {"none", "json", "text", "binary"};
    if (e->data_kind == EVENT_DATA_NONE) {
        assert_int_equal(e->data.len, 0);
        return;
    }
    buf_printf(out, " %s(", kinds[e->data_kind]);
    for (size_t i = 0; i < e->data.len; i++)
        if (e->data_kind == EVENT_DATA_BINARY)
            buf_printf(out, "%02x", e->data.data[i]);
        else
            buf_add_char(out, (char)e->data.data[i]);
    buf_add_char(out, ')');
}

static void show(struct buf *out, const struct event *e)
{
    show_text(out, "id", e->id);
    show_text(out, "source", e->source);
    show_text(out, "type", e->type);
    show_text(out, "topic", e->topic);
    show_text(out, "time", e->time);
    show_text(out, "subject", e->subject);
    show_text(out, "datacontenttype", e->datacontenttype);
    show_text(out, "dataschema", e->dataschema);
    show_text(out, "extensions", e->extensions);
    show_data(out, e);
}

/* Reading. The result is the event in a line, or "!" and why it was refused. */

static void check_json(struct span text)
{
    struct json_fault fault;
    if (!json_check_by(text, JSON_DEPTH_DEFAULT, &cloudevent_rules, &fault))
        fail_msg("%.*s: %s", (int)text.len, (const char *)text.data, fault.what);
}

static void check_foreign(struct span text)
{
    struct json_fault fault;
    if (!json_check_by(text, JSON_DEPTH_DEFAULT, &json_foreign, &fault))
        fail_msg("%.*s: %s", (int)text.len, (const char *)text.data, fault.what);
}

/* The promises of the header that hold for every event. */
static void check_result(enum err err, const struct event *e, struct span why)
{
    assert_int_equal(err != ERR_OK, why.len > 0);
    if (!err && e->extensions.len) {
        check_json(e->extensions);
        assert_int_equal(json_type_of(e->extensions), JSON_OBJECT);
    }
    if (!err && e->data_kind == EVENT_DATA_JSON)
        check_foreign(e->data);
}

static void finish(struct buf *out, enum err err, const struct event *e, struct buf *why)
{
    check_result(err, e, buf_span(why));
    if (err) {
        assert_int_equal(err, ERR_INVALID);
        assert_int_equal(why->data[why->len - 1], '.');
        buf_add_char(out, '!');
        buf_add_span(out, buf_span(why));
    } else {
        show(out, e);
    }
    buf_done(why);
}

static void read_json_span(struct span text, struct buf *out)
{
    struct arena arena = {0};
    struct buf why = BUF_INIT;
    struct event e;
    check_json(text);
    enum err err = cloudevent_read_json(text, &arena, &e, &why);
    finish(out, err, &e, &why);
    arena_done(&arena);
}

static void read_json(const char *text, struct buf *out)
{
    read_json_span(span_str(text), out);
}

#define HEADERS 12

/* A request in binary mode: headers that end with no name, a Content-Type or NULL, a body. */
struct request {
    struct {
        const char *name, *value;
    } headers[HEADERS];
    const char *content_type, *body;
};

#define MUST_HEADERS \
    {"specversion", "1.0"}, {"id", "1"}, {"source", "/s"}, \
    { \
        "type", "t" \
    }

static void read_headers(const struct request *request, struct buf *out)
{
    struct cloudevent_header headers[HEADERS];
    struct arena arena = {0};
    struct buf why = BUF_INIT;
    struct event e;
    size_t count = 0;
    for (; count < HEADERS && request->headers[count].name; count++) {
        headers[count].name = span_str(request->headers[count].name);
        headers[count].value = span_str(request->headers[count].value);
    }
    enum err err = cloudevent_read_headers(headers, count,
        request->content_type ? span_str(request->content_type) : SPAN_NONE,
        request->body ? span_str(request->body) : SPAN_NONE, &arena, &e, &why);
    finish(out, err, &e, &why);
    arena_done(&arena);
}

/* `read` in the line, or after a "!" only its part. */
static void expect(struct buf *got, const char *read, const char *what)
{
    const char *text = buf_text(got);
    bool good = read[0] == '!' ? text[0] == '!' && strstr(text, read + 1) : strcmp(text, read) == 0;
    if (!good)
        fail_msg("%s\n  expected: %s\n  got:      %s", what, read, text);
    buf_done(got);
}

struct json_case {
    const char *text, *read;
};

static void expect_json(const struct json_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buf got = BUF_INIT;
        read_json(cases[i].text, &got);
        expect(&got, cases[i].read, cases[i].text);
    }
}

struct header_case {
    struct request request;
    const char *read;
};

static void expect_headers(const struct header_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buf got = BUF_INIT, what = BUF_INIT;
        read_headers(&cases[i].request, &got);
        buf_printf(&what, "case %zu", i);
        expect(&got, cases[i].read, buf_text(&what));
        buf_done(&what);
    }
}

/* The core specification. */

static void cloudevent_needs_id_source_specversion_and_type(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(""), READ},
        {" { \"type\" : \"t\" , \"source\":\"/s\",\n\"id\":\"1\",\"specversion\":\"1.0\" } ", READ},
        {"{}", "!specversion: is missing"},
        {"{\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", "!specversion: is missing"},
        {"{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"t\"}", "!id: is missing"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}", "!source: is missing"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\"}", "!type: is missing"},
        {"{\"specversion\":\"1.0\",\"id\":null,\"source\":\"/s\",\"type\":\"t\"}",
            "!id: is missing"},
        {"{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"/s\",\"type\":\"t\"}",
            "!id: must not be empty"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"\",\"type\":\"t\"}",
            "!source: must not be empty"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"\"}",
            "!type: must not be empty"},
        {"{\"specversion\":\"1.0\",\"id\":1,\"source\":\"/s\",\"type\":\"t\"}",
            "!id: must be a string"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":[],\"type\":\"t\"}",
            "!source: must be a string"},
        {"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":true}",
            "!type: must be a string"},
        {"[]", "!A CloudEvent is a JSON object"},
        {"\"text\"", "!A CloudEvent is a JSON object"},
        {"null", "!A CloudEvent is a JSON object"},
    };
    static const struct header_case headers[] = {
        {{{MUST_HEADERS}, NULL, NULL}, READ},
        {{{{NULL, NULL}}, NULL, NULL}, "!specversion: is missing"},
        {{{{"specversion", "1.0"}, {"source", "/s"}, {"type", "t"}}, NULL, NULL},
            "!id: is missing"},
        {{{{"specversion", "1.0"}, {"id", ""}, {"source", "/s"}, {"type", "t"}}, NULL, NULL},
            "!id: must not be empty"},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
    expect_headers(headers, COUNT(headers));
}

static void cloudevent_specversion_is_exactly_1_0(void **state)
{
    static const struct json_case cases[] = {
        {"{\"specversion\":\"1.0.2\"}", "!specversion: must be 1.0"},
        {"{\"specversion\":\"1\"}", "!specversion: must be 1.0"},
        {"{\"specversion\":\"0.3\"}", "!specversion: must be 1.0"},
        {"{\"specversion\":\" 1.0\"}", "!specversion: must be 1.0"},
        {"{\"specversion\":1.0}", "!specversion: must be a string"},
        {"{\"specversion\":\"\"}", "!specversion: must not be empty"},
    };
    static const struct header_case headers[] = {
        {{{{"specversion", "0.3"}}, NULL, NULL}, "!specversion: must be 1.0"},
        {{{{"specversion", "1.0, 1.0"}}, NULL, NULL}, "!specversion: must be 1.0"},
        {{{{"specversion", "%31.0"}, {"id", "1"}, {"source", "/s"}, {"type", "t"}}, NULL, NULL},
            READ},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
    expect_headers(headers, COUNT(headers));
}

static void cloudevent_optional_attributes_are_what_they_should_be(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(",\"subject\":\"a b\",\"time\":\"2026-01-02T03:04:05.6789+01:00\""),
            READ " time=2026-01-02T03:04:05.6789+01:00 subject=a b"},
        {EVENT(",\"dataschema\":\"https://example.com/a#b\""),
            READ " dataschema=https://example.com/a#b"},
        {EVENT(",\"dataschema\":\"urn:x\""), READ " dataschema=urn:x"},
        {EVENT(",\"subject\":\"\""), "!subject: must not be empty"},
        {EVENT(",\"subject\":7"), "!subject: must be a string"},
        {EVENT(",\"time\":\"\""), "!time: must not be empty"},
        {EVENT(",\"time\":\"2026-01-02\""), "!time: must be a date and time"},
        {EVENT(",\"time\":\"2026-01-02 03:04:05Z\""), "!time: must be a date and time"},
        {EVENT(",\"time\":\"2026-01-02T03:04:05\""), "!time: must be a date and time"},
        {EVENT(",\"time\":\"2026-02-30T03:04:05Z\""), "!time: must be a date and time"},
        {EVENT(",\"time\":1767323045"), "!time: must be a string"},
        {EVENT(",\"dataschema\":\"\""), "!dataschema: must not be empty"},
        {EVENT(",\"dataschema\":\"/relative\""), "!dataschema: must be an absolute URI"},
        {EVENT(",\"dataschema\":\"a:\""), "!dataschema: must be an absolute URI"},
        {EVENT(",\"dataschema\":\":a\""), "!dataschema: must be an absolute URI"},
        {EVENT(",\"dataschema\":\"1a:b\""), "!dataschema: must be an absolute URI"},
        {EVENT(",\"dataschema\":\"a_b:c\""), "!dataschema: must be an absolute URI"},
        {EVENT(",\"dataschema\":\"a:b c\""), "!dataschema: must be an absolute URI"},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
}

static void cloudevent_source_is_a_uri_reference(void **state)
{
    static const struct {
        const char *source;
        bool good;
    } cases[] = {
        {"https://github.com/cloudevents/spec/pull/123", true},
        {"mailto:cncf-wg-serverless@lists.cncf.io", true},
        {"urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", true},
        {"/cloudevents/spec/pull/123", true},
        {"1-555-123-4567", true},
        {"//host/path?a=b#c", true},
        {"gr\xc3\xbc\xc3\x9f", true},
        {"a b", false},
        {" ", false},
        {"a ", false},
        {"a\\nb", false},
        {"a\\u00a0b", true},
        {"a\\u0085b", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf text = BUF_INIT, got = BUF_INIT;
        buf_printf(&text, "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\",\"source\":\"%s\"}",
            cases[i].source);
        read_json(buf_text(&text), &got);
        if ((buf_text(&got)[0] != '!') != cases[i].good)
            fail_msg("%s: %s", cases[i].source, buf_text(&got));
        buf_done(&text);
        buf_done(&got);
    }
}

static void cloudevent_datacontenttype_is_a_media_type(void **state)
{
    static const struct {
        const char *type;
        bool good;
    } cases[] = {
        {"application/json", true},
        {"text/plain;charset=utf-8", true},
        {"text/plain ; charset=\"utf-8\"", true},
        {"application/vnd.a-b_c.d+json", true},
        {"x/y;", true},
        {"APPLICATION/JSON", true},
        {"json", false},
        {"/json", false},
        {"application/", false},
        {"application/json json", false},
        {"application/json/x", false},
        {"application /json", false},
        {"text/gr\xc3\xbc\xc3\x9f", false},
        {"text/plain;\x01", false},
        {";charset=utf-8", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct request request = {{MUST_HEADERS}, cases[i].type, NULL};
        struct buf got = BUF_INIT;
        read_headers(&request, &got);
        if ((buf_text(&got)[0] != '!') != cases[i].good)
            fail_msg("%s: %s", cases[i].type, buf_text(&got));
        buf_done(&got);
    }
}

#define NAME_64 "a123456789012345678901234567890123456789012345678901234567890123"

static void cloudevent_names_are_lower_case_letters_and_digits(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(",\"a\":\"x\",\"0\":\"x\",\"zbc129\":\"x\""),
            READ " extensions={\"a\":\"x\",\"0\":\"x\",\"zbc129\":\"x\"}"},
        {EVENT(",\"\\u0061bc\":\"x\""), READ " extensions={\"abc\":\"x\"}"},
        {EVENT(",\"" NAME_64 "\":\"x\""), READ " extensions={\"" NAME_64 "\":\"x\"}"},
        {EVENT(",\"" NAME_64 "4\":\"x\""), "!" NAME_64 ": cannot be an attribute's name"},
        {EVENT(",\"\":\"x\""), "!\"\": cannot be an attribute's name"},
        {EVENT(",\"traceParent\":\"x\""), "!traceParent: cannot be an attribute's name"},
        {EVENT(",\"trace_parent\":\"x\""), "!trace_parent: cannot be an attribute's name"},
        {EVENT(",\"trace-parent\":\"x\""), "!trace-parent: cannot be an attribute's name"},
        {EVENT(",\"gr\xc3\xbc\xc3\x9f\":\"x\""),
            "!gr\xc3\xbc\xc3\x9f: cannot be an attribute's name"},
        {EVENT(",\"a\\u0001\":\"x\""), "!cannot be an attribute's name"},
        {EVENT(",\"Id\":\"x\""), "!Id: cannot be an attribute's name"},
        {EVENT(",\"a_b\":null"), "!a_b: cannot be an attribute's name"},
        {EVENT(",\"Data\":1"), "!Data: cannot be an attribute's name"},
    };
    static const struct header_case headers[] = {
        {{{MUST_HEADERS, {"abc1", "x"}}, NULL, NULL}, READ " extensions={\"abc1\":\"x\"}"},
        {{{MUST_HEADERS, {"", "x"}}, NULL, NULL}, "!\"\": cannot be an attribute's name"},
        {{{MUST_HEADERS, {"a_b", "x"}}, NULL, NULL}, "!a_b: cannot be an attribute's name"},
        {{{MUST_HEADERS, {"data", "x"}}, NULL, NULL}, "!data: cannot be an attribute's name"},
        {{{MUST_HEADERS, {"data_base64", "x"}}, NULL, NULL}, "!data_base64: cannot be"},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
    expect_headers(headers, COUNT(headers));
}

static void cloudevent_names_appear_once(void **state)
{
    static const struct header_case headers[] = {
        {{{MUST_HEADERS, {"id", "1"}}, NULL, NULL}, "!id: must not be there twice"},
        {{{MUST_HEADERS, {"a", "x"}, {"b", "x"}, {"a", "y"}}, NULL, NULL},
            "!a: must not be there twice"},
    };
    struct json_fault fault;
    (void)state;
    expect_headers(headers, COUNT(headers));
    /* In the JSON format it is the check of the text that refuses it. */
    assert_false(json_check(span_str(EVENT(",\"\\u0069d\":\"1\"")), JSON_DEPTH_DEFAULT, &fault));
}

static void cloudevent_unknown_extensions_are_kept_with_their_types(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(",\"s\":\"a\\u00fc\\/\\\"\\\\\",\"e\":\"\",\"t\":true,\"f\":false,\"i\":42"),
            READ " extensions={\"s\":\"a\xc3\xbc/"
                 "\\\"\\\\\",\"e\":\"\",\"t\":true,\"f\":false,\"i\":42}"},
        {EVENT(",\"a\":0,\"b\":-0,\"c\":-1"), READ " extensions={\"a\":0,\"b\":0,\"c\":-1}"},
        {EVENT(",\"a\":2147483647,\"b\":-2147483648"),
            READ " extensions={\"a\":2147483647,\"b\":-2147483648}"},
        {EVENT(",\"a\":2147483648"), "!a: must be an integer"},
        {EVENT(",\"a\":-2147483649"), "!a: must be an integer"},
        {EVENT(",\"a\":99999999999999999999999999"), "!a: must be an integer"},
        {EVENT(",\"a\":1.5"), "!a: must be an integer"},
        {EVENT(",\"a\":1.0"), "!a: must be an integer"},
        {EVENT(",\"a\":1e2"), "!a: must be an integer"},
        {EVENT(",\"a\":{}"), "!a: must be a string, a boolean or an integer"},
        {EVENT(",\"a\":[1]"), "!a: must be a string, a boolean or an integer"},
    };
    static const struct header_case headers[] = {
        {{{MUST_HEADERS, {"i", "42"}, {"t", "true"}, {"e", ""}, {"q", "a\"\\b"}}, NULL, NULL},
            READ " extensions={\"i\":\"42\",\"t\":\"true\",\"e\":\"\",\"q\":\"a\\\"\\\\b\"}"},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
    expect_headers(headers, COUNT(headers));
}

static void cloudevent_extension_topic_is_the_topic(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(",\"topic\":\"orders\",\"a\":1"), READ " topic=orders extensions={\"a\":1}"},
        {EVENT(",\"topic\":null"), READ},
        {EVENT(",\"topic\":\"\""), "!topic: must not be empty"},
        {EVENT(",\"topic\":1"), "!topic: must be a string"},
    };
    static const struct header_case headers[] = {
        {{{MUST_HEADERS, {"topic", "orders"}}, NULL, NULL}, READ " topic=orders"},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
    expect_headers(headers, COUNT(headers));
}

/* The characters of an extension, escaped as JSON, and whether a string may hold them. */
static const struct {
    const char *text;
    bool good;
} strings[] = {
    {" !~\\u00a0\\u2028\\u202e\xf0\x9f\x98\x80\\ud83d\\ude00", true},
    {"\\ufdcf\\ufdf0\\ufffd\\ud7ff\\ue000", true},
    {"\\u0001", false},
    {"\\t", false},
    {"\\n", false},
    {"\\u001f", false},
    {"\x7f", false},
    {"\\u0080", false},
    {"\\u009f", false},
    {"\xc2\x85", false},
    {"\\ufdd0", false},
    {"\\ufdef", false},
    {"\\ufffe", false},
    {"\xef\xbf\xbf", false},
    {"\\ud83f\\udffe", false},   /* U+1FFFE */
    {"\xf4\x8f\xbf\xbf", false}, /* U+10FFFF */
    {"\xf4\x8f\xbf\xbd", true},
    {"a\\u0007", false},
};

static void cloudevent_strings_have_no_control_characters_and_noncharacters(void **state)
{
    static const char *const places[] = {"a", "subject"};
    struct json_fault fault;
    (void)state;
    for (size_t i = 0; i < COUNT(strings); i++) {
        for (size_t k = 0; k < COUNT(places); k++) {
            struct buf text = BUF_INIT, got = BUF_INIT;
            buf_printf(&text, "{" MUST ",\"%s\":\"%s\"}", places[k], strings[i].text);
            read_json(buf_text(&text), &got);
            if (strings[i].good == (strstr(buf_text(&got), ": must be UTF-8 text") != NULL))
                fail_msg("%s: %s", strings[i].text, buf_text(&got));
            buf_done(&text);
            buf_done(&got);
        }
    }
    assert_false(json_check(span_str("\"\\ud800\""), JSON_DEPTH_DEFAULT, &fault));
    assert_false(json_check(span_str("\"\\udc00\\ud800\""), JSON_DEPTH_DEFAULT, &fault));
}

static void cloudevent_of_64_kib_is_read(void **state)
{
    struct buf text = BUF_INIT, got = BUF_INIT;
    (void)state;
    buf_add_str(&text, "{" MUST ",\"subject\":\"");
    for (size_t i = 0; i < 64 * 1024; i++)
        buf_add_str(&text, i % 2 ? "\\/" : "\\u00fc");
    buf_add_str(&text, "\",\"datacontenttype\":\"text/plain\",\"data\":\"");
    for (size_t i = 0; i < 64 * 1024; i++)
        buf_add_str(&text, "\\n");
    buf_add_str(&text, "\"}");
    read_json_span(buf_span(&text), &got);
    assert_int_equal(got.len,
        strlen(READ " subject= datacontenttype=text/plain text()") + 32 * 1024 * 3 + 64 * 1024);
    buf_done(&text);
    buf_done(&got);
}

/* The HTTP protocol binding. */

static void cloudevent_mode_is_told_by_content_type(void **state)
{
    static const struct {
        const char *type;
        bool has_specversion;
        enum cloudevent_mode mode;
    } cases[] = {
        {"", false, CLOUDEVENT_NONE},
        {"", true, CLOUDEVENT_BINARY},
        {"application/json", false, CLOUDEVENT_NONE},
        {"application/json", true, CLOUDEVENT_BINARY},
        {"application/cloudevent+json", false, CLOUDEVENT_NONE},
        {"application/cloudevents+json", false, CLOUDEVENT_STRUCTURED},
        {"application/cloudevents+json", true, CLOUDEVENT_STRUCTURED},
        {"Application/CloudEvents+JSON", false, CLOUDEVENT_STRUCTURED},
        {"application/cloudevents+json; charset=utf-8", false, CLOUDEVENT_STRUCTURED},
        {"application/cloudevents+json;charset=utf-8", false, CLOUDEVENT_STRUCTURED},
        {" application/cloudevents+json\t;x=y", false, CLOUDEVENT_STRUCTURED},
        {"application/cloudevents-batch+json", false, CLOUDEVENT_BATCH},
        {"APPLICATION/CLOUDEVENTS-BATCH+JSON ; charset=UTF-8", true, CLOUDEVENT_BATCH},
        {"application/cloudevents+avro", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents+avro", true, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents+protobuf", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents+xml", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents-batch+protobuf", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents-batch+json5", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents-batch", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents-other+json", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents-other-abc", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents-batch+avro", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents+json5", false, CLOUDEVENT_UNSUPPORTED},
        {"application/cloudevents+json+json", false, CLOUDEVENT_UNSUPPORTED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (cloudevent_mode(span_str(cases[i].type), cases[i].has_specversion) != cases[i].mode)
            fail_msg("%s", cases[i].type);
    assert_int_equal(cloudevent_mode(SPAN_NONE, false), CLOUDEVENT_NONE);
}

static void cloudevent_binary_body_is_data_of_content_type(void **state)
{
    static const struct header_case cases[] = {
        {{{MUST_HEADERS}, "application/json; charset=utf-8", " {\"a\": 1} "},
            READ " datacontenttype=application/json; charset=utf-8 json( {\"a\": 1} )"},
        {{{MUST_HEADERS}, "application/json", "\"text\""},
            READ " datacontenttype=application/json json(\"text\")"},
        {{{MUST_HEADERS}, "application/vnd.x+JSON", "null"},
            READ " datacontenttype=application/vnd.x+JSON json(null)"},
        {{{MUST_HEADERS}, "text/plain", "gr\xc3\xbc\xc3\x9f\n"},
            READ " datacontenttype=text/plain text(gr\xc3\xbc\xc3\x9f\n)"},
        {{{MUST_HEADERS}, "Text/Plain;charset=latin1", "gr\xfc\xdf"},
            READ " datacontenttype=Text/Plain;charset=latin1 binary(6772fcdf)"},
        {{{MUST_HEADERS}, "image/png", "abc"}, READ " datacontenttype=image/png binary(616263)"},
        {{{MUST_HEADERS}, NULL, "abc"}, READ " binary(616263)"},
        {{{MUST_HEADERS}, "application/json", ""}, READ " datacontenttype=application/json"},
        {{{MUST_HEADERS}, NULL, NULL}, READ},
        {{{MUST_HEADERS}, "application/cloudevents+json", "{}"},
            READ " datacontenttype=application/cloudevents+json json({})"},
        {{{MUST_HEADERS}, "a%2Fb", "x"}, "!datacontenttype: must be a media type"},
    };
    (void)state;
    expect_headers(cases, COUNT(cases));
}

static void cloudevent_ce_datacontenttype_is_forbidden(void **state)
{
    static const struct header_case cases[] = {
        {{{MUST_HEADERS, {"datacontenttype", "text/plain"}}, NULL, "x"},
            "!datacontenttype: must not be sent"},
        {{{MUST_HEADERS, {"datacontenttype", "text/plain"}}, "text/plain", "x"},
            "!datacontenttype: must not be sent"},
    };
    (void)state;
    expect_headers(cases, COUNT(cases));
}

/* The value of a header as sent, and the attribute; a "!" and a part of the reason when refused. */
static const struct {
    const char *sent, *read;
} values[] = {
    {"plain", "plain"},
    {"a b", "a b"},
    {"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro \xe2\x82\xac \xf0\x9f\x98\x80"}, /* section 3.1.3.2 */
    {"%e2%82%aC", "\xe2\x82\xac"},
    {"%41%7a%2D", "Az-"}, /* needlessly encoded */
    {"%2525", "%25"},     /* one round, no more */
    {"%22%5C", "\"\\"},
    {"a\"b\"c", "a\"b\"c"}, /* a quote that does not open the value */
    {"a\\b", "a\\b"},
    {"\"a b\"", "a b"},
    {"\"a \\\"b\\\" \\\\ \\c\"", "a \"b\" \\ c"},
    {"\"%22\"", "\""}, /* first the quotes, then the percent signs */
    {"\"\\%41\"", "A"},
    {"\"\xc3\xbc\"", "\xc3\xbc"},
    {"\xc3\xbc", "\xc3\xbc"}, /* not encoded, but UTF-8 */
    {"\"\"", "!must not be empty"},
    {"", "!must not be empty"},
    {"\"", "!double quote"},
    {"\"a", "!double quote"},
    {"\"a\\\"", "!double quote"},
    {"\"a\\", "!double quote"},
    {"\"a\"b", "!double quote"},
    {"\"a\" \"b\"", "!double quote"},
    {"%", "!two hexadecimal digits"},
    {"100%", "!two hexadecimal digits"},
    {"%4", "!two hexadecimal digits"},
    {"%4g", "!two hexadecimal digits"},
    {"%g4", "!two hexadecimal digits"},
    {"%%41", "!two hexadecimal digits"},
    {"%u0041", "!two hexadecimal digits"},
    {"%C0%A0", "!UTF-8"}, /* overlong */
    {"%E0%80%A0", "!UTF-8"},
    {"%C3", "!UTF-8"},
    {"%C3x", "!UTF-8"},
    {"%A0", "!UTF-8"},
    {"%ED%A0%80", "!UTF-8"},          /* a surrogate */
    {"%ED%A0%BD%ED%B8%80", "!UTF-8"}, /* CESU-8 */
    {"%F4%90%80%80", "!UTF-8"},
    {"%FF", "!UTF-8"},
    {"\xfc", "!UTF-8"}, /* Latin-1 */
    {"\xc3%BC", "\xc3\xbc"},
    {"%00", "!control characters"},
    {"%0A", "!control characters"},
    {"a\tb", "!control characters"},
    {"%7f", "!control characters"},
    {"%C2%85", "!control characters"},
    {"%EF%BF%BE", "!noncharacters"},
};

static void cloudevent_header_values_are_decoded_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct request request = {{MUST_HEADERS, {"subject", values[i].sent}}, NULL, NULL};
        struct buf got = BUF_INIT, want = BUF_INIT;
        bool bad = values[i].read[0] == '!';
        read_headers(&request, &got);
        buf_printf(&want, bad ? "%s" : READ " subject=%s", values[i].read);
        expect(&got, buf_text(&want), values[i].sent);
        buf_done(&want);
    }
}

static void cloudevent_header_values_are_checked_after_decoding(void **state)
{
    static const struct header_case cases[] = {
        {{{{"specversion", "1.0"}, {"id", "1"}, {"source", "/a%2520b"}, {"type", "t%74"}}, NULL,
             NULL},
            "id=1 source=/a%20b type=tt"},
        {{{{"source", "/a%20b"}}, NULL, NULL}, "!source: must be a URI reference"},
        {{{{"time", "2026-01-02T03%3A04%3A05Z"}, MUST_HEADERS}, NULL, NULL},
            READ " time=2026-01-02T03:04:05Z"},
        {{{{"time", "%"}}, NULL, NULL}, "!time: has a %"},
        {{{MUST_HEADERS, {"a", "%22%5C"}, {"b", "\"x y\""}, {"c", "%E2%82%AC"}}, NULL, NULL},
            READ " extensions={\"a\":\"\\\"\\\\\",\"b\":\"x y\",\"c\":\"\xe2\x82\xac\"}"},
    };
    (void)state;
    expect_headers(cases, COUNT(cases));
}

/* The elements of a batch share an arena; none disturbs the text of those before it. */
static void cloudevent_batch_is_read_one_by_one(void **state)
{
    static const char batch[] =
        "[" EVENT(",\"a\":\"\\u0041\"") ", {\"specversion\":\"1.0\",\"id\":"
                                        "\"\\u0032\",\"source\":\"/s\",\"type\":\"\\/"
                                        "\",\"data_base64\":\"AAEC\"} ," EVENT("") "]";
    static const char *const read[] = {
        READ " extensions={\"a\":\"A\"}", "id=2 source=/s type=/ binary(000102)", READ};
    struct json_walk walk = json_walk_start(span_str(batch));
    struct arena arena = {0};
    struct buf why = BUF_INIT;
    struct event events[COUNT(read)];
    size_t count = 0;
    (void)state;
    for (struct json_item item; json_walk_next(&walk, &item); count++)
        assert_int_equal(cloudevent_read_json(item.value, &arena, &events[count], &why), ERR_OK);
    assert_int_equal(count, COUNT(read));
    for (size_t i = 0; i < count; i++) {
        struct buf got = BUF_INIT;
        show(&got, &events[i]);
        expect(&got, read[i], "an element");
    }
    arena_done(&arena);
}

/* The JSON format. */

static void cloudevent_data_and_data_base64_exclude_each_other(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(",\"data\":1,\"data_base64\":\"AA==\""), "!data_base64: must not be there together"},
        {EVENT(",\"data_base64\":\"AA==\",\"data\":null"),
            "!data_base64: must not be there together"},
        {EVENT(",\"data\":1,\"data_base64\":null"),
            READ " datacontenttype=application/json json(1)"},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
}

#define TYPE(type) ",\"datacontenttype\":\"" type "\""

static void cloudevent_data_is_json_by_its_media_type(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(TYPE("application/json") ",\"data\": { \"b\" : 1.0, \"a\":[] } "),
            READ " datacontenttype=application/json json({ \"b\" : 1.0, \"a\":[] })"},
        {EVENT(TYPE("application/x+json;v=1") ",\"data\":[1]"),
            READ " datacontenttype=application/x+json;v=1 json([1])"},
        {EVENT(",\"data\":1" TYPE("text\\/json")), READ " datacontenttype=text/json json(1)"},
        /* A string is a JSON value, and is not parsed again. */
        {EVENT(TYPE("application/json") ",\"data\":\"{\\\"a\\\":1}\""),
            READ " datacontenttype=application/json json(\"{\\\"a\\\":1}\")"},
        /* Other media types: a string is text, everything else stays what it is. */
        {EVENT(TYPE("text/plain") ",\"data\":\"gr\\u00fc\\u00df\\n\""),
            READ " datacontenttype=text/plain text(gr\xc3\xbc\xc3\x9f\n)"},
        {EVENT(TYPE("application/xml") ",\"data\":\"<a x='1'/>\""),
            READ " datacontenttype=application/xml text(<a x='1'/>)"},
        {EVENT(TYPE("text/plain") ",\"data\":\"\""), READ " datacontenttype=text/plain text()"},
        {EVENT(TYPE("text/plain") ",\"data\":{\"a\":1}"),
            READ " datacontenttype=text/plain json({\"a\":1})"},
        {EVENT(TYPE("text/plain") ",\"data\":7"), READ " datacontenttype=text/plain json(7)"},
        {EVENT(TYPE("text/plain") ",\"data\":null"), READ " datacontenttype=text/plain json(null)"},
        {EVENT(TYPE("plain") ",\"data\":1"), "!datacontenttype: must be a media type"},
        {EVENT(",\"datacontenttype\":\"\",\"data\":1"), "!datacontenttype: must not be empty"},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
}

static void cloudevent_data_without_media_type_is_application_json(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(",\"data\":{}"), READ " datacontenttype=application/json json({})"},
        {EVENT(",\"data\":\"a\""), READ " datacontenttype=application/json json(\"a\")"},
        {EVENT(",\"datacontenttype\":null,\"data\":1"),
            READ " datacontenttype=application/json json(1)"},
        {EVENT(",\"data_base64\":\"YQ==\""), READ " binary(61)"}, /* implies nothing */
    };
    (void)state;
    expect_json(cases, COUNT(cases));
}

static void cloudevent_data_null_is_a_payload(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(",\"data\":null"), READ " datacontenttype=application/json json(null)"},
        {EVENT(""), READ},
        {EVENT(",\"data_base64\":null"), READ},
        {EVENT(TYPE("application/json")), READ " datacontenttype=application/json"},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
}

static void cloudevent_null_attribute_is_absent(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(",\"subject\":null,\"time\":null,\"dataschema\":null,\"datacontenttype\":null,\"a\":"
               "null"),
            READ},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
}

static void cloudevent_data_base64_is_decoded(void **state)
{
    static const struct json_case cases[] = {
        {EVENT(TYPE("image/png") ",\"data_base64\":\"\\/\\/8A\""),
            READ " datacontenttype=image/png binary(ffff00)"},
        {EVENT(",\"data_base64\":\"\""), READ " binary()"},
        {EVENT(TYPE("application/json") ",\"data_base64\":\"eyJhIjogMX0=\""),
            READ " datacontenttype=application/json json({\"a\": 1})"},
        {EVENT(TYPE("text/plain") ",\"data_base64\":\"w7w=\""),
            READ " datacontenttype=text/plain text(\xc3\xbc)"},
        {EVENT(TYPE("text/plain") ",\"data_base64\":\"/A==\""),
            READ " datacontenttype=text/plain binary(fc)"},
        {EVENT(TYPE("text/plain") ",\"data_base64\":\"YQBi\""),
            READ " datacontenttype=text/plain binary(610062)"},
        {EVENT(TYPE("application/xml") ",\"data_base64\":\"YQ==\""),
            READ " datacontenttype=application/xml binary(61)"},
        {EVENT(TYPE("application/json") ",\"data_base64\":\"e30g\""),
            READ " datacontenttype=application/json json({} )"},
        {EVENT(TYPE("application/json") ",\"data_base64\":\"eyJhIjoxLCJhIjoxfQ==\""),
            READ " datacontenttype=application/json json({\"a\":1,\"a\":1})"},
        {EVENT(TYPE("application/json") ",\"data_base64\":\"77u/e30=\""), /* U+FEFF, {} */
            READ " datacontenttype=application/json json({})"},
        {EVENT(TYPE("application/json") ",\"data_base64\":\"77u/77u/e30=\""),
            "!data_base64: is not acceptable JSON"},
        {EVENT(TYPE("application/json") ",\"data_base64\":\"Ir//Ig==\""),
            "!data_base64: is not acceptable JSON"},
        {EVENT(TYPE("application/json") ",\"data_base64\":\"\""),
            "!data_base64: is not acceptable JSON"},
        {EVENT(",\"data_base64\":\"YQ\""), "!data_base64: must be a string of base64"},
        {EVENT(",\"data_base64\":\"YQ==YQ==\""), "!data_base64: must be a string of base64"},
        {EVENT(",\"data_base64\":\"YR==\""), "!data_base64: must be a string of base64"},
        {EVENT(",\"data_base64\":\"YQ= =\""), "!data_base64: must be a string of base64"},
        {EVENT(",\"data_base64\":\"YQ==\\n\""), "!data_base64: must be a string of base64"},
        {EVENT(",\"data_base64\":\"_w==\""), "!data_base64: must be a string of base64"},
        {EVENT(",\"data_base64\":1"), "!data_base64: must be a string of base64"},
    };
    (void)state;
    expect_json(cases, COUNT(cases));
}

static void cloudevent_media_type_is_json(void **state)
{
    static const struct {
        const char *type;
        bool json;
    } cases[] = {
        {"application/json", true},
        {"APPLICATION/Json ; charset=utf-8", true},
        {"text/json", true},
        {"application/problem+json", true},
        {"application/cloudevents+JSON;x=y", true},
        {"application/json;", true},
        {"", false},
        {"json", false},
        {"application/jsonp", false},
        {"application/json-seq", false},
        {"application/json5", false},
        {"application/x-json", false},
        {"text/plain;a=/json", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (media_type_is_json(span_str(cases[i].type)) != cases[i].json)
            fail_msg("%s", cases[i].type);
    assert_false(media_type_is_json(SPAN_NONE));
}

/* Round trip: what was read, written by event_format and read again, is the same. */

static const char *const round_trips[] = {
    EVENT(""),
    EVENT(",\"data\":{ \"b\" : 1.0, \"a\" : 1e400 }"),
    EVENT(",\"data\":\"\\u0041\\/\""),
    EVENT(",\"data\":null,\"topic\":\"orders\""),
    EVENT(",\"data\":{\"a\":\"\\u0000\",\"\\ud800\":\"\\udc00\\ud800\",\"a\":{\"b\":1,\"b\":2}}"),
    EVENT(TYPE("text/plain") ",\"data\":\"a\\ud83d\\ude00\\ude00\\ud83dc\\ud83d\\u0000\""),
    EVENT(",\"data_base64\":\"AAEC\""),
    EVENT(",\"data_base64\":\"\""),
    EVENT(TYPE("text/plain") ",\"data\":\"\\u00fc\\n\\u0001\\\"\""),
    EVENT(TYPE("text/plain") ",\"data\":\"\""),
    EVENT(TYPE("text/plain") ",\"data\":[\"a\"]"),
    EVENT(TYPE("text/plain") ",\"data_base64\":\"YQBi\""),
    EVENT(TYPE("text/plain;x=\\\"y\\\"") ",\"data_base64\":\"w7w=\""),
    EVENT(TYPE("application/json") ",\"data_base64\":\"eyJhIjogMX0=\""),
    EVENT(",\"time\":\"2026-01-02T03:04:05.6789+01:00\",\"subject\":\"\\\"\\\\\",\"dataschema\":"
          "\"a:b\""),
    EVENT(",\"s\":\"\\\"\\\\\\u00fc\",\"e\":\"\",\"t\":true,\"f\":false,\"i\":-42"),
};

/*
 * The bridge adds an extension, and a time where none came: these are taken
 * away before what was read first and last is compared as text.
 */
static void cloudevent_returns_from_event_format(void **state)
{
    static const char added[] = "\"correlationid\":\"" CID "\"";
    (void)state;
    for (size_t i = 0; i < COUNT(round_trips); i++) {
        struct arena arena = {0};
        struct buf why = BUF_INIT, json = BUF_INIT, extensions = BUF_INIT;
        struct buf first = BUF_INIT, last = BUF_INIT;
        struct event event, back;
        struct span text = span_str(round_trips[i]);
        assert_int_equal(cloudevent_read_json(text, &arena, &event, &why), ERR_OK);
        assert_true(uuid_parse(span_str(CID), &event.cid));
        event_format(&event, &json);
        check_json(buf_span(&json));

        read_json(round_trips[i], &first);
        assert_int_equal(cloudevent_read_json(buf_span(&json), &arena, &back, &why), ERR_OK);
        if (strstr(round_trips[i], "\"time\"") == NULL) {
            assert_true(span_eq_str(back.time, "1970-01-01T00:00:00.000Z"));
            back.time = SPAN_NONE;
        }
        size_t end = back.extensions.len - (sizeof added - 1) - 1;
        assert_memory_equal(back.extensions.data + end, added, sizeof added - 1);
        if (end > 1) {
            buf_add(&extensions, back.extensions.data, end - 1);
            buf_add_char(&extensions, '}');
        }
        back.extensions = buf_span(&extensions);
        show(&last, &back);
        expect(&last, buf_text(&first), round_trips[i]);
        arena_done(&arena);
        buf_done(&json);
        buf_done(&extensions);
        buf_done(&first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cloudevent_needs_id_source_specversion_and_type),
        cmocka_unit_test(cloudevent_specversion_is_exactly_1_0),
        cmocka_unit_test(cloudevent_optional_attributes_are_what_they_should_be),
        cmocka_unit_test(cloudevent_source_is_a_uri_reference),
        cmocka_unit_test(cloudevent_datacontenttype_is_a_media_type),
        cmocka_unit_test(cloudevent_names_are_lower_case_letters_and_digits),
        cmocka_unit_test(cloudevent_names_appear_once),
        cmocka_unit_test(cloudevent_unknown_extensions_are_kept_with_their_types),
        cmocka_unit_test(cloudevent_extension_topic_is_the_topic),
        cmocka_unit_test(cloudevent_strings_have_no_control_characters_and_noncharacters),
        cmocka_unit_test(cloudevent_of_64_kib_is_read),
        cmocka_unit_test(cloudevent_mode_is_told_by_content_type),
        cmocka_unit_test(cloudevent_binary_body_is_data_of_content_type),
        cmocka_unit_test(cloudevent_ce_datacontenttype_is_forbidden),
        cmocka_unit_test(cloudevent_header_values_are_decoded_once),
        cmocka_unit_test(cloudevent_header_values_are_checked_after_decoding),
        cmocka_unit_test(cloudevent_batch_is_read_one_by_one),
        cmocka_unit_test(cloudevent_data_and_data_base64_exclude_each_other),
        cmocka_unit_test(cloudevent_data_is_json_by_its_media_type),
        cmocka_unit_test(cloudevent_data_without_media_type_is_application_json),
        cmocka_unit_test(cloudevent_data_null_is_a_payload),
        cmocka_unit_test(cloudevent_null_attribute_is_absent),
        cmocka_unit_test(cloudevent_data_base64_is_decoded),
        cmocka_unit_test(cloudevent_media_type_is_json),
        cmocka_unit_test(cloudevent_returns_from_event_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
