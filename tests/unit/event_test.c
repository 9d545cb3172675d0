/* event_test - an event's checks, its stored form, and the CloudEvent that steps are given. */
#include "damage.h"

#include "base/json.h"
#include "model/event.h"
#include "model/limits.h"
#include "model/name.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LITERAL(text) span_of(text, sizeof(text) - 1)

#define CID "0192f7a0-1234-7abc-8def-0123456789ab"
#define PARENT "0192f7a0-5678-7abc-8def-0123456789ab"
#define CREDENTIAL "0192f7a0-9abc-7abc-8def-0123456789ab"

static struct uuid uuid(const char *text)
{
    struct uuid id = UUID_NONE;
    assert_true(uuid_parse(span_str(text), &id));
    return id;
}

/* Every member set to something else. */
static struct event full(void)
{
    return (struct event){
        .seq = UINT64_C(0x0102030405060708),
        .cid = uuid(CID),
        .parent = uuid(PARENT),
        .accepted_ms = INT64_C(1767323045678),
        .depth = 0xfffe,
        .origin = EVENT_TICK,
        .data_kind = EVENT_DATA_BINARY,
        .door = DOOR_WEBHOOK,
        .credential = uuid(CREDENTIAL),
        .id = span_str("id-1"),
        .source = span_str("/source"),
        .type = span_str("order.created"),
        .topic = span_str("orders"),
        .time = span_str("2026-01-02T03:04:05+01:00"),
        .subject = span_str("subject"),
        .datacontenttype = span_str("image/png"),
        .dataschema = span_str("https://example.com/schema"),
        .extensions = span_str("{\"tenant\":\"a\"}"),
        .address = span_of("\xc0\0\x02\x07", 4),
        .headers = span_str("{\"x-a\":\"1\"}"),
        .query = span_str("{\"b\":null}"),
        .data = span_of("\0\x01\xff", 3),
    };
}

static bool same(const struct event *a, const struct event *b)
{
    return a->seq == b->seq && uuid_eq(&a->cid, &b->cid) && uuid_eq(&a->parent, &b->parent) &&
           a->accepted_ms == b->accepted_ms && a->depth == b->depth && a->origin == b->origin &&
           a->data_kind == b->data_kind && span_eq(a->id, b->id) && span_eq(a->source, b->source) &&
           span_eq(a->type, b->type) && span_eq(a->topic, b->topic) && span_eq(a->time, b->time) &&
           span_eq(a->subject, b->subject) && span_eq(a->datacontenttype, b->datacontenttype) &&
           span_eq(a->dataschema, b->dataschema) && span_eq(a->extensions, b->extensions) &&
           a->door == b->door && uuid_eq(&a->credential, &b->credential) &&
           span_eq(a->address, b->address) && span_eq(a->headers, b->headers) &&
           span_eq(a->query, b->query) && span_eq(a->data, b->data);
}

static void event_returns_as_it_was_stored(void **state)
{
    struct event events[] = {full(), {.type = span_str("t")}, {.accepted_ms = -1, .depth = 1}};
    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        struct buf record = BUF_INIT;
        struct event back;
        event_encode(&events[i], &record);
        assert_int_equal(event_decode(buf_span(&record), &back), ERR_OK);
        assert_true(same(&back, &events[i]));
        buf_done(&record);
    }
}

static void event_is_stored_behind_what_is_there(void **state)
{
    struct event event = full(), back;
    struct buf record = BUF_INIT;
    (void)state;
    buf_add_str(&record, "head");
    event_encode(&event, &record);
    assert_memory_equal(record.data, "head", 4);
    assert_int_equal(event_decode(span_of(record.data + 4, record.len - 4), &back), ERR_OK);
    assert_true(same(&back, &event));
    buf_done(&record);
}

/* The layout is a contract with every version that has written it (schema/store.md). */
static void event_is_stored_in_these_bytes(void **state)
{
    static const uint8_t head[] = {3, 1, 2, 3, 4, 5, 6, 7, 8};
    struct event event = full();
    struct buf record = BUF_INIT;
    (void)state;
    event_encode(&event, &record);
    assert_memory_equal(record.data, head, sizeof head);
    assert_memory_equal(record.data + 9, event.cid.bytes, 16);
    assert_memory_equal(record.data + 25, event.parent.bytes, 16);
    assert_memory_equal(record.data + 41, "\x00\x00\x01\x9b\x7c\xa9\x8f\x2e", 8);
    assert_memory_equal(record.data + 49, "\xff\xfe\x02\x03\x03", 5);
    assert_memory_equal(record.data + 54, event.credential.bytes, 16);
    assert_memory_equal(record.data + 70, "\0\0\0\4id-1\0\0\0\7/source", 19);
    struct span tail = LITERAL("\0\0\0\4\xc0\0\x02\x07"
                               "\0\0\0\x0b{\"x-a\":\"1\"}"
                               "\0\0\0\x0a{\"b\":null}"
                               "\0\0\0\3\0\x01\xff");
    assert_memory_equal(record.data + record.len - tail.len, tail.data, tail.len);
    buf_done(&record);
}

/* Version 3 has the same fields, and no payload that is gone. */
static void event_of_version_3_is_read(void **state)
{
    struct event event = full(), back;
    struct buf record = BUF_INIT;
    (void)state;
    event_encode(&event, &record);
    record.data[0] = 3;
    assert_int_equal(event_decode(buf_span(&record), &back), ERR_OK);
    assert_true(same(&back, &event));
    record.data[52] = EVENT_DATA_GONE;
    assert_int_equal(event_decode(buf_span(&record), &back), ERR_CORRUPT);
    record.data[0] = 4;
    assert_int_equal(event_decode(buf_span(&record), &back), ERR_OK);
    buf_done(&record);
}

/* Version 2 of full(): without door, credential, address, headers and query. */
#define OLD_RECORD(parent, origin) \
    LITERAL("\x02\1\2\3\4\5\6\7\x08\x01\x92\xf7\xa0\x12\x34\x7a\xbc\x8d\xef\x01\x23\x45\x67" \
            "\x89\xab" parent "\0\0\x01\x9b\x7c\xa9\x8f\x2e\xff\xfe" origin \
            "\x03\0\0\0\4id-1\0\0\0\7/source\0\0\0\x0dorder.created\0\0\0\6orders" \
            "\0\0\0\x19" \
            "2026-01-02T03:04:05+01:00\0\0\0\7subject\0\0\0\x09image/png\0\0\0\x1a" \
            "https://example.com/schema\0\0\0\x0e{\"tenant\":\"a\"}\0\0\0\3\0\x01\xff")
#define OLD_PARENT "\x01\x92\xf7\xa0\x56\x78\x7a\xbc\x8d\xef\x01\x23\x45\x67\x89\xab"
#define NO_PARENT "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void event_of_version_2_is_read(void **state)
{
    const struct {
        struct span record;
        struct uuid parent;
        enum event_origin origin;
        enum event_door door;
    } cases[] = {
        {OLD_RECORD(OLD_PARENT, "\0"), uuid(PARENT), EVENT_SENT, DOOR_EMIT},
        {OLD_RECORD(NO_PARENT, "\0"), UUID_NONE, EVENT_SENT, DOOR_UNKNOWN},
        {OLD_RECORD(NO_PARENT, "\1"), UUID_NONE, EVENT_RUN, DOOR_HAND},
        {OLD_RECORD(NO_PARENT, "\2"), UUID_NONE, EVENT_TICK, DOOR_TICK},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event event, expected = full();
        assert_int_equal(event_decode(cases[i].record, &event), ERR_OK);
        expected.parent = cases[i].parent;
        expected.origin = cases[i].origin;
        expected.door = cases[i].door;
        expected.credential = UUID_NONE;
        expected.address = expected.headers = expected.query = SPAN_NONE;
        assert_true(same(&event, &expected));
    }
}

static const struct {
    const char *what;
    struct event event;
    const char *json;
} received_cases[] = {
    {"nothing is known", {.door = DOOR_UNKNOWN},
        "{\"door\":null,\"credential\":null,\"address\":null,\"headers\":null,\"query\":null}"},
    {"IPv6",
        {.door = DOOR_FX,
            .address = {(const uint8_t *)"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16}},
        "{\"door\":\"fx\",\"credential\":null,\"address\":\"2001:db8::1\",\"headers\":null,"
        "\"query\":null}"},
};

static void event_tells_how_it_was_received(void **state)
{
    struct buf out = BUF_INIT;
    struct event event = full();
    (void)state;
    for (size_t i = 0; i <= COUNT(received_cases); i++) {
        bool last = i == COUNT(received_cases);
        struct json_out o = json_out_to(&out);
        json_open(&o, '{');
        event_put_received(last ? &event : &received_cases[i].event, &o);
        json_close(&o, '}');
        assert_string_equal(
            buf_text(&out), last ? "{\"door\":\"webhook\",\"credential\":\"" CREDENTIAL
                                   "\",\"address\":\"192.0.2.7\",\"headers\":{\"x-a\":\"1\"},"
                                   "\"query\":{\"b\":null}}"
                                 : received_cases[i].json);
        buf_clear(&out);
    }
    buf_done(&out);
}

static void event_doors_have_names(void **state)
{
    (void)state;
    assert_null(event_door_name(DOOR_UNKNOWN));
    for (enum event_door door = DOOR_UNKNOWN + 1; door < DOOR__MAX; door++) {
        enum event_door back;
        assert_true(event_door_parse(span_str(event_door_name(door)), &back));
        assert_int_equal(back, door);
        assert_non_null(strstr(event_doors(), event_door_name(door)));
    }
    enum event_door none;
    assert_false(event_door_parse(span_str(""), &none));
    assert_false(event_door_parse(span_str("Webhook"), &none));
    assert_false(event_door_parse(span_str("web"), &none));
}

static enum err decode(struct span record)
{
    struct event e;
    enum err err = event_decode(record, &e);
    if (!err)
        assert_true(damage_touch(e.id) + damage_touch(e.source) + damage_touch(e.type) +
                        damage_touch(e.topic) + damage_touch(e.time) + damage_touch(e.subject) +
                        damage_touch(e.datacontenttype) + damage_touch(e.dataschema) +
                        damage_touch(e.extensions) + damage_touch(e.data) +
                        damage_touch(e.address) + damage_touch(e.headers) + damage_touch(e.query) <
                    UINT32_MAX);
    return err;
}

static void event_notices_a_damaged_record(void **state)
{
    struct event event = full();
    struct buf record = BUF_INIT;
    (void)state;
    event.data_kind = EVENT_DATA_GONE; /* which no earlier version has */
    event_encode(&event, &record);
    damage_is_noticed(buf_span(&record), decode);
    record.data[52] = EVENT_DATA__MAX;
    assert_int_equal(decode(buf_span(&record)), ERR_CORRUPT);
    record.data[52] = EVENT_DATA_JSON;
    record.data[51] = EVENT_ORIGIN__MAX;
    assert_int_equal(decode(buf_span(&record)), ERR_CORRUPT);
    record.data[51] = EVENT_TICK;
    record.data[53] = DOOR__MAX;
    assert_int_equal(decode(buf_span(&record)), ERR_CORRUPT);
    buf_clear(&record);
    event.address.len = 3; /* neither family's */
    event_encode(&event, &record);
    assert_int_equal(decode(buf_span(&record)), ERR_CORRUPT);
    buf_done(&record);
}

static void event_topic_is_the_type_where_none_is_named(void **state)
{
    struct event event = {.type = span_str("t")};
    (void)state;
    assert_true(span_eq_str(event_topic(&event), "t"));
    event.topic = span_str("o");
    assert_true(span_eq_str(event_topic(&event), "o"));
}

#define HEAD(id) "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/s\",\"type\":\"t\""
#define TIME ",\"time\":\"2026-01-02T03:04:05.678Z\""
#define CORRELATION ",\"correlationid\":\"" CID "\""

/* Events to write, and the text that must come out. Source, type, cid and time are the same. */
static const struct {
    const char *what;
    struct {
        const char *id, *topic, *time, *subject, *datacontenttype, *dataschema, *extensions;
        const char *parent;
        enum event_data data_kind;
        const char *data;
        size_t data_len;
    } event;
    const char *json;
} format_cases[] = {
    {"the least", {0}, HEAD(CID) TIME CORRELATION "}"},
    {"its own id and time", {.id = "i \"1\"", .time = "2026-01-02T03:04:05+01:00"},
        HEAD("i \\\"1\\\"") ",\"time\":\"2026-01-02T03:04:05+01:00\"" CORRELATION "}"},
    {"all attributes",
        {.subject = "s\xc3\xa4",
            .datacontenttype = "text/plain",
            .dataschema = "https://h/#",
            .parent = PARENT,
            .topic = "orders"},
        HEAD(CID) ",\"subject\":\"s\xc3\xa4\"" TIME ",\"datacontenttype\":\"text/plain\","
                  "\"dataschema\":\"https://h/#\"" CORRELATION ",\"causationid\":\"" PARENT
                  "\",\"topic\":\"orders\"}"},

    {"JSON data", {.data_kind = EVENT_DATA_JSON, .data = "{\"a\": [1.50,\"\\u00e4\"]}"},
        HEAD(CID) TIME CORRELATION ",\"data\":{\"a\": [1.50,\"\\u00e4\"]}}"},
    {"JSON null is data", {.data_kind = EVENT_DATA_JSON, .data = "null"},
        HEAD(CID) TIME CORRELATION ",\"data\":null}"},
    {"text data", {.data_kind = EVENT_DATA_TEXT, .data = "a \"b\"\n\\ \xe2\x82\xac\x01"},
        HEAD(CID) TIME CORRELATION ",\"data\":\"a \\\"b\\\"\\n\\\\ \xe2\x82\xac\\u0001\"}"},
    {"empty text data", {.data_kind = EVENT_DATA_TEXT, .data = ""},
        HEAD(CID) TIME CORRELATION ",\"data\":\"\"}"},
    {"binary data", {.data_kind = EVENT_DATA_BINARY, .data = "\0\x01\xff\xfe", .data_len = 4},
        HEAD(CID) TIME CORRELATION ",\"data_base64\":\"AAH//g==\"}"},
    {"empty binary data", {.data_kind = EVENT_DATA_BINARY, .data = ""},
        HEAD(CID) TIME CORRELATION ",\"data_base64\":\"\"}"},
    {"no data", {.data_kind = EVENT_DATA_NONE, .data = "ignored"}, HEAD(CID) TIME CORRELATION "}"},

    {"no extensions", {.extensions = "{}"}, HEAD(CID) TIME CORRELATION "}"},
    {"extensions of every type", {.extensions = "{\"a\":\"x\",\"b\":-1 , \"c\" : true}"},
        HEAD(CID) TIME ",\"a\":\"x\",\"b\":-1,\"c\":true" CORRELATION "}"},
    {"extensions that collide with ours",
        {.extensions = "{\"correlationid\":\"x\",\"a\":1,\"causationid\":\"y\",\"topic\":\"z\"}",
            .parent = PARENT,
            .topic = "orders"},
        HEAD(CID) TIME ",\"a\":1" CORRELATION ",\"causationid\":\"" PARENT
                       "\",\"topic\":\"orders\"}"},
    {"they collide also where ours are not given",
        {.extensions = "{\"causationid\":\"y\",\"topic\":\"z\"}"}, HEAD(CID) TIME CORRELATION "}"},
    {"with those of every event",
        {.extensions =
                "{\"id\":1,\"source\":1,\"type\":1,\"specversion\":1,\"time\":1,\"subject\":1,"
                "\"datacontenttype\":1,\"dataschema\":1,\"data\":1,\"data_base64\":1,\"ids\":2}"},
        HEAD(CID) TIME ",\"ids\":2" CORRELATION "}"},
    {"and when they are written with escapes",
        {.extensions = "{\"\\u0063orrelationid\":\"x\",\"t\\u006fpic\":\"z\",\"a\":1}"},
        HEAD(CID) TIME ",\"a\":1" CORRELATION "}"},
    {"names keep their escapes", {.extensions = "{\"\\u0061b\":1,\"q\\\"\":2}"},
        HEAD(CID) TIME ",\"\\u0061b\":1,\"q\\\"\":2" CORRELATION "}"},
};

static struct span text(const char *s)
{
    return s ? span_str(s) : SPAN_NONE;
}

static void event_is_written_as_a_cloudevent(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(format_cases); i++) {
        struct event event = {
            .cid = uuid(CID),
            .accepted_ms = INT64_C(1767323045678),
            .source = span_str("/s"),
            .type = span_str("t"),
            .id = text(format_cases[i].event.id),
            .topic = text(format_cases[i].event.topic),
            .time = text(format_cases[i].event.time),
            .subject = text(format_cases[i].event.subject),
            .datacontenttype = text(format_cases[i].event.datacontenttype),
            .dataschema = text(format_cases[i].event.dataschema),
            .extensions = text(format_cases[i].event.extensions),
            .data_kind = format_cases[i].event.data_kind,
            .data = text(format_cases[i].event.data),
        };
        struct json_fault fault;
        struct buf out = BUF_INIT;
        if (format_cases[i].event.data_len)
            event.data.len = format_cases[i].event.data_len;
        if (format_cases[i].event.parent)
            event.parent = uuid(format_cases[i].event.parent);
        buf_add_char(&out, ' ');
        event_format(&event, &out);
        if (strcmp(buf_text(&out) + 1, format_cases[i].json) != 0)
            fail_msg("%s: %s\nwanted: %s", format_cases[i].what, buf_text(&out) + 1,
                format_cases[i].json);
        assert_true(json_check(buf_span(&out), JSON_DEPTH_DEFAULT, &fault));
        buf_done(&out);
    }
}

#define TIMES_10(s) s s s s s s s s s s
#define A_240 TIMES_10("aaaaaaaaaaaaaaaaaaaaaaaa")
#define A_249 A_240 "aaaaaaaaa"
#define SOURCE_WHY "SOURCE: needs 1 to 2048 bytes without control characters"
#define TYPE_WHY "TYPE: needs 1 to 249 bytes without control characters"
#define TOPIC_WHY "topic: needs 1 to 249 characters of A-Z a-z 0-9 . _ : / -"
#define TYPE_TOPIC_WHY \
    "TYPE: is the topic where none is named, and so takes only A-Z a-z 0-9 . _ : / -"

static const struct {
    const char *source, *type, *topic;
    const char *why; /* NULL: acceptable */
} check_cases[] = {
    {"s", "t", NULL, NULL},
    {"/", "order.created", NULL, NULL},
    {"https://example.com/a?b#c", "a:b/c-d_e.f", NULL, NULL},
    {"\xc3\xa4 b", "t", NULL, NULL},
    {"s", "t y p e", "topic", NULL}, /* a type that is no topic needs one beside it */
    {"s", "\xc3\xa4", "t", NULL},
    {"s", A_249, NULL, NULL},
    {"s", "t", A_249, NULL},
    {"", "t", NULL, SOURCE_WHY},
    {"a\nb", "t", NULL, SOURCE_WHY},
    {"a\x7f", "t", NULL, SOURCE_WHY},
    {"", "", NULL, SOURCE_WHY},
    {"s", "", NULL, TYPE_WHY},
    {"s", "", "topic", TYPE_WHY},
    {"s", "a\tb", "topic", TYPE_WHY},
    {"s", A_249 "a", NULL, TYPE_WHY},
    {"s", A_249 "a", "topic", TYPE_WHY},
    {"s", "t", "a b", TOPIC_WHY},
    {"s", "t", "a*", TOPIC_WHY},
    {"s", "t", A_249 "a", TOPIC_WHY},
    {"s", "t y", NULL, TYPE_TOPIC_WHY},
    {"s", "\xc3\xa4", NULL, TYPE_TOPIC_WHY},
    {"s", "fx.execution.failed", NULL, "TYPE: " NAME_NOT_OURS "."},
    {"s", "fx.schedule", "t", "TYPE: " NAME_NOT_OURS "."},
    {"s", "fx.", NULL, "TYPE: " NAME_NOT_OURS "."},
    {"s", "fx. ", "t", "TYPE: " NAME_NOT_OURS "."},
    {"s", "t", "fx.execution.failed", "topic: " NAME_NOT_OURS "."},
    {"s", "fx.events.incoming", NULL, "TYPE: " NAME_NOT_OURS "."},
    {"s", "fx.events.generic.incoming.", NULL, "TYPE: " NAME_NOT_OURS "."},
    {"s", "fx.events.generic.incoming", NULL, NULL},
    {"s", "t", "fx.events.webhook.incoming", NULL},
    {"s", "fx", "FX.execution.failed", NULL},
    {"/fx/executions", "fxa.execution.failed", "afx.", NULL},
};

static void event_check_names_the_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(check_cases); i++) {
        struct event event = {.source = text(check_cases[i].source),
            .type = text(check_cases[i].type),
            .topic = text(check_cases[i].topic)};
        struct buf why = BUF_INIT;
        bool good = event_check(&event, "SOURCE", "TYPE", &why);
        if (good != !check_cases[i].why)
            fail_msg("case %zu: %s", i, buf_text(&why));
        assert_string_equal(buf_text(&why), check_cases[i].why ? check_cases[i].why : "");
        buf_done(&why);
    }
}

static void event_check_takes_a_source_up_to_its_limit(void **state)
{
    char source[EVENT_SOURCE_MAX + 1];
    struct event event = {.type = span_str("t")};
    struct buf why = BUF_INIT;
    (void)state;
    memset(source, 's', sizeof source);
    event.source = span_of(source, EVENT_SOURCE_MAX);
    assert_true(event_check(&event, "SOURCE", "TYPE", &why));
    event.source = span_of(source, EVENT_SOURCE_MAX + 1);
    assert_false(event_check(&event, "SOURCE", "TYPE", &why));
    event.source = span_of("a\0b", 3);
    assert_false(event_check(&event, "SOURCE", "TYPE", &why));
    buf_done(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_returns_as_it_was_stored),
        cmocka_unit_test(event_is_stored_behind_what_is_there),
        cmocka_unit_test(event_is_stored_in_these_bytes),
        cmocka_unit_test(event_of_version_3_is_read),
        cmocka_unit_test(event_of_version_2_is_read),
        cmocka_unit_test(event_tells_how_it_was_received),
        cmocka_unit_test(event_doors_have_names),
        cmocka_unit_test(event_notices_a_damaged_record),
        cmocka_unit_test(event_topic_is_the_type_where_none_is_named),
        cmocka_unit_test(event_is_written_as_a_cloudevent),
        cmocka_unit_test(event_check_names_the_field),
        cmocka_unit_test(event_check_takes_a_source_up_to_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
