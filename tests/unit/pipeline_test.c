/* pipeline_test - which definitions are accepted, and what is said of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/url.h"
#include "model/limits.h"
#include "model/pipeline.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define STEPS "\"steps\":[{\"name\":\"a\",\"script\":\"a.sh\"}]"

/* A definition with one step, with these options, with this one step. */
#define WITH_OPTIONS(options) "{\"name\":\"p\"," STEPS ",\"options\":{" options "}}"
#define WITH_STEP(members) "{\"name\":\"p\",\"steps\":[{" members "}]}"
#define WITH_HTTP(members) WITH_STEP("\"name\":\"a\",\"http\":{" members "}")
#define WITH_PUBLISH(members) WITH_STEP("\"name\":\"a\",\"publish\":{" members "}")

static const char *const good_cases[] = {
    "{\"name\":\"p\"," STEPS "}",
    "{\"options\":{}," STEPS ",\"name\":\"0_p-1\"}",
    WITH_OPTIONS("\"event\":\"order.created\""),
    WITH_OPTIONS("\"event\":\"orders/*\",\"initial_offset\":\"earliest\""),
    WITH_OPTIONS("\"event\":\"*\",\"initial_offset\":\"latest\""),
    WITH_OPTIONS("\"filters\":[]"),
    WITH_OPTIONS("\"filters\":[{\"any\":[{\"exact\":{\"type\":\"a\"}},{\"json\":{\"/a\":null}}]}]"),
    WITH_OPTIONS("\"scale\":{}"),
    WITH_OPTIONS("\"scale\":{\"min\":0,\"max\":1,\"idle_timeout\":0}"),
    WITH_OPTIONS("\"scale\":{\"min\":256,\"max\":256,\"idle_timeout\":86400}"),
    WITH_OPTIONS("\"scale\":{\"max\":3.0,\"idle_timeout\":0.25}"),
    WITH_OPTIONS("\"ordered\":true"),
    WITH_OPTIONS("\"retry\":{}"),
    WITH_OPTIONS("\"retry\":{\"limit\":0,\"delay\":0,\"max_delay\":0}"),
    WITH_OPTIONS("\"retry\":{\"limit\":100,\"delay\":0.5,\"max_delay\":86400}"),
    WITH_OPTIONS("\"timeout\":0.001"),
    WITH_OPTIONS("\"attempt_timeout\":0.001,\"timeout\":0.001"),
    WITH_OPTIONS("\"attempt_timeout\":86400,\"timeout\":1"),
    WITH_OPTIONS("\"timeout\":86400"),
    WITH_OPTIONS("\"schedule\":\"*/5 * * * *\""),
    WITH_OPTIONS("\"schedule\":\"0 0 29 2 *\""),
    WITH_OPTIONS("\"schedule\":\"@daily\",\"event\":\"a\""),
    WITH_OPTIONS("\"env\":{}"),
    WITH_OPTIONS("\"env\":{\"A\":\"\",\"_b1\":\"x\\ny\",\"a\":\"\"}"),
    WITH_STEP("\"name\":\"A.b-c_1\",\"script\":\"_a.B-c\""),
    WITH_STEP(
        "\"name\":\"a\",\"script\":\"a\",\"inputs\":{},\"outputs\":{},\"when\":[],\"options\":{}"),
    WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"options\":{\"timeout\":1.5,\"persistent\":true}"),
    WITH_STEP("\"options\":{\"persistent\":false},\"script\":\"a\",\"name\":\"a\""),
    WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"when\":[{\"not\":{\"prefix\":{\"type\":\"a\"}}}]"),
    WITH_HTTP("\"url\":\"https://example.com\""),
    WITH_HTTP("\"url\":\"http://h:80/p?q\",\"headers\":{\"X-A\":\"b\",\"Host-X\":\"\"},"
              "\"secret\":\"s\",\"mode\":\"structured\""),
    WITH_HTTP("\"url\":\"http://a\",\"secret\":\"whsec_MDEyMzQ1Njc4OWFiY2RlZg==\""),
    WITH_HTTP("\"url\":\"http://[::1]/\",\"mode\":\"binary\",\"headers\":{}"),
    WITH_PUBLISH("\"event_type\":\"order.mailed\""),
    WITH_PUBLISH("\"event_type\":\"a\",\"event_source\":\"/x\",\"topic\":\"b:c\",\"payload\":null"),
    WITH_PUBLISH("\"event_type\":\"a\",\"payload\":[1,{\"a\":\"b\"}]"),
};

static void pipeline_accepts_good_definitions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++) {
        struct pipeline *pipeline;
        struct buf why = BUF_INIT;
        if (pipeline_parse(span_str(good_cases[i]), &pipeline, &why) != ERR_OK)
            fail_msg("%s: %s", good_cases[i], buf_text(&why));
        assert_int_equal(why.len, 0);
        pipeline_free(pipeline);
        buf_done(&why);
    }
}

static const struct {
    const char *definition, *why; /* the sentence begins so */
} bad_cases[] = {
    {"", "the definition is not acceptable JSON: "},
    {"{", "the definition is not acceptable JSON: "},
    {"{\"name\":\"p\",\"name\":\"p\"," STEPS "}", "the definition is not acceptable JSON: "},
    {"null", "the definition must be a JSON object"},
    {"[]", "the definition must be a JSON object"},
    {"{}", "name: is missing; the name of a pipeline is"},
    {"{\"name\":\"p\"}", "steps: is missing"},
    {"{" STEPS "}", "name: is missing"},
    {"{\"name\":\"P \"," STEPS "}", "name: the name of a pipeline is 1 to 64"},
    {"{\"name\":\"\"," STEPS "}", "name: the name of a pipeline is"},
    {"{\"name\":1," STEPS "}", "name: must be a string"},
    {"{\"name\":null," STEPS "}", "name: must be a string"},
    {"{\"name\":\"p\"," STEPS ",\"id\":\"x\"}", "id: is unknown; known here: name, steps, options"},
    {"{\"name\":\"p\"," STEPS ",\"options\":null}", "options: must be an object"},
    {"{\"name\":\"p\"," STEPS ",\"options\":[]}", "options: must be an object"},

    {"{\"name\":\"p\",\"steps\":[]}", "steps: a pipeline has 1 to 100 steps, not 0"},
    {"{\"name\":\"p\",\"steps\":{}}", "steps: must be an array"},
    {"{\"name\":\"p\",\"steps\":[1]}", "steps[0]: must be an object"},
    {"{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"script\":\"a\"},null]}",
        "steps[1]: must be an object"},
    {WITH_STEP("\"script\":\"a\""), "steps[0].name: is missing; the name of a step is"},
    {WITH_STEP("\"name\":\".a\",\"script\":\"a\""), "steps[0].name: the name of a step is"},
    {WITH_STEP("\"name\":\"a b\",\"script\":\"a\""), "steps[0].name: the name of a step is"},
    {WITH_STEP("\"name\":\"a\""), "steps[0]: must have exactly one of script, http and publish"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"publish\":{\"event_type\":\"a\"}"),
        "steps[0]: must have exactly one of"},
    {WITH_STEP("\"name\":\"a\",\"http\":{\"url\":\"http://a\"},\"publish\":{\"event_type\":\"a\"}"),
        "steps[0]: must have exactly one of"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"retry\":{}"),
        "steps[0].retry: is unknown; known here: name, script, http, publish, inputs, outputs, "
        "when, "
        "options"},
    {"{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"script\":\"a\"},{\"name\":\"b\",\"script\":"
     "\"a\"},"
     "{\"name\":\"a\",\"script\":\"a\"}]}",
        "steps[2].name: is also the name of steps[0]"},

    {WITH_STEP("\"name\":\"a\",\"script\":\"bin/a\""),
        "steps[0].script: a script is a file name in the home's scripts directory, without \"/\""},
    {WITH_STEP("\"name\":\"a\",\"script\":\"..\""), "steps[0].script: a script is"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"-rf\""), "steps[0].script: a script is"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a b\""), "steps[0].script: a script is"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"\""), "steps[0].script: a script is"},
    {WITH_STEP("\"name\":\"a\",\"script\":[\"a\"]"), "steps[0].script: must be a string"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"inputs\":[]"),
        "steps[0].inputs: must be an object"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"outputs\":null"),
        "steps[0].outputs: must be an object"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"when\":{}"), "steps[0].when: must be an array"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"when\":[{\"exact\":{\"type\":\"\"}}]"),
        "steps[0].when[0].exact.type: must be a string that is not empty"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"options\":1"),
        "steps[0].options: must be an object"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"options\":{\"x\":1}"),
        "steps[0].options.x: is unknown; known here: timeout, persistent"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"options\":{\"timeout\":0}"),
        "steps[0].options.timeout: must be a number of seconds from 0.001 to 86400"},
    {WITH_STEP("\"name\":\"a\",\"script\":\"a\",\"options\":{\"persistent\":1}"),
        "steps[0].options.persistent: must be true or false"},
    {WITH_STEP("\"options\":{\"persistent\":true},\"name\":\"a\",\"http\":{\"url\":\"http://a\"}"),
        "steps[0].options.persistent: is for steps with a script only"},
    {WITH_STEP(
         "\"name\":\"a\",\"publish\":{\"event_type\":\"a\"},\"options\":{\"persistent\":false}"),
        "steps[0].options.persistent: is for steps with a script only"},

    {WITH_HTTP(""), "steps[0].http.url: is missing"},
    {WITH_HTTP("\"url\":7"), "steps[0].http.url: must be a string"},
    {WITH_HTTP("\"url\":\"ftp://a\""), "steps[0].http.url: a URL begins with http:// or https://"},
    {WITH_HTTP("\"url\":\"http:///a\""), "steps[0].http.url: a URL needs a host"},
    {WITH_HTTP("\"url\":\"http://u:p@a/\""), "steps[0].http.url: a URL here must not hold cred"},
    {WITH_HTTP("\"url\":\"http://a/ b\""), "steps[0].http.url: a URL has only the characters of"},
    {WITH_HTTP("\"url\":\"http://a\",\"method\":\"GET\""),
        "steps[0].http.method: is unknown; known here: url, headers, secret, mode"},
    {WITH_HTTP("\"url\":\"http://a\",\"mode\":\"batch\""),
        "steps[0].http.mode: must be \"binary\" or \"structured\""},
    {WITH_HTTP("\"url\":\"http://a\",\"mode\":true"), "steps[0].http.mode: must be \"binary\""},
    {WITH_HTTP("\"url\":\"http://a\",\"secret\":\"\""), "steps[0].http.secret: a secret has 1 to"},
    {WITH_HTTP("\"url\":\"http://a\",\"secret\":\"whsec_abc\""),
        "steps[0].http.secret: a secret has 1 to 1024 bytes, and behind \"whsec_\" the base64 of"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":[]"), "steps[0].http.headers: must be an object"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"A\":1}"),
        "steps[0].http.headers.A: must be a string of 8192 bytes at most"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"A\":\"b\\r\\nC: d\"}"),
        "steps[0].http.headers.A: must be a string"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"A\":\"\\u007f\"}"),
        "steps[0].http.headers.A: must be a string"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"A B\":\"c\"}"),
        "steps[0].http.headers.A B: is not the name of a header"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"\":\"c\"}"),
        "steps[0].http.headers.: is not the name of a header"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"hOST\":\"c\"}"),
        "steps[0].http.headers.hOST: is not the name of a header"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"Content-Length\":\"0\"}"),
        "steps[0].http.headers.Content-Length: is not the name of a header"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"Transfer-Encoding\":\"chunked\"}"),
        "steps[0].http.headers.Transfer-Encoding: is not the name of a header"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"connection\":\"close\"}"),
        "steps[0].http.headers.connection: is not the name of a header"},
    {WITH_HTTP("\"url\":\"http://a\",\"headers\":{\"X-A\":\"1\",\"x-a\":\"2\"}"),
        "steps[0].http.headers.x-a: is there twice, in another case"},

    {WITH_PUBLISH(""), "steps[0].publish.event_type: is missing; an event type is"},
    {WITH_PUBLISH("\"event_type\":\"a b\""), "steps[0].publish.event_type: an event type is"},
    {WITH_PUBLISH("\"event_type\":\"a*\""), "steps[0].publish.event_type: an event type is"},
    {WITH_PUBLISH("\"event_type\":\"a\",\"event_source\":\"\""),
        "steps[0].publish.event_source: a source has"},
    {WITH_PUBLISH("\"event_type\":\"a\",\"event_source\":\"a\\nb\""),
        "steps[0].publish.event_source: a source has"},
    {WITH_PUBLISH("\"event_type\":\"a\",\"topic\":\"a*\""), "steps[0].publish.topic: a topic is"},
    {WITH_PUBLISH("\"event_type\":\"a\",\"data\":1"),
        "steps[0].publish.data: is unknown; known here: event_type, event_source, topic, payload"},

    {WITH_OPTIONS("\"retries\":3"),
        "options.retries: is unknown; known here: event, initial_offset, filters, scale, ordered, "
        "retry, attempt_timeout, timeout, schedule, env"},
    {WITH_OPTIONS("\"event\":\"\""), "options.event: a topic is"},
    {WITH_OPTIONS("\"event\":\"a**\""), "options.event: a topic is"},
    {WITH_OPTIONS("\"event\":\"*a\""), "options.event: a topic is"},
    {WITH_OPTIONS("\"event\":\"a b\""), "options.event: a topic is"},
    {WITH_OPTIONS("\"event\":[\"a\"]"), "options.event: must be a string"},
    {WITH_OPTIONS("\"initial_offset\":\"first\""),
        "options.initial_offset: must be \"latest\" or \"earliest\""},
    {WITH_OPTIONS("\"filters\":{\"exact\":{\"type\":\"a\"}}"), "options.filters: must be an array"},
    {WITH_OPTIONS("\"filters\":[{\"sql\":\"true\"}]"), "options.filters[0].sql: is not a dialect"},
    {WITH_OPTIONS("\"ordered\":\"yes\""), "options.ordered: must be true or false"},

    {WITH_OPTIONS("\"scale\":4"), "options.scale: must be an object"},
    {WITH_OPTIONS("\"scale\":{\"maximum\":4}"),
        "options.scale.maximum: is unknown; known here: min, max, idle_timeout"},
    {WITH_OPTIONS("\"scale\":{\"max\":0}"),
        "options.scale.max: must be a whole number from 1 to 256"},
    {WITH_OPTIONS("\"scale\":{\"max\":257}"), "options.scale.max: must be a whole number"},
    {WITH_OPTIONS("\"scale\":{\"max\":1.5}"), "options.scale.max: must be a whole number"},
    {WITH_OPTIONS("\"scale\":{\"max\":\"4\"}"), "options.scale.max: must be a whole number"},
    {WITH_OPTIONS("\"scale\":{\"max\":1e300}"), "options.scale.max: must be a whole number"},
    {WITH_OPTIONS("\"scale\":{\"min\":-1}"),
        "options.scale.min: must be a whole number from 0 to 256"},
    {WITH_OPTIONS("\"scale\":{\"min\":3,\"max\":2}"),
        "options.scale.min: must not be larger than max, which is 2"},
    {WITH_OPTIONS("\"scale\":{\"min\":5}"),
        "options.scale.min: must not be larger than max, which is 4"},
    {WITH_OPTIONS("\"scale\":{\"idle_timeout\":-1}"),
        "options.scale.idle_timeout: must be a number of seconds from 0 to 86400"},

    {WITH_OPTIONS("\"retry\":3"), "options.retry: must be an object"},
    {WITH_OPTIONS("\"retry\":{\"attempts\":3}"),
        "options.retry.attempts: is unknown; known here: limit, delay, max_delay"},
    {WITH_OPTIONS("\"retry\":{\"limit\":101}"),
        "options.retry.limit: must be a whole number from 0 to 100"},
    {WITH_OPTIONS("\"retry\":{\"limit\":null}"), "options.retry.limit: must be a whole number"},
    {WITH_OPTIONS("\"retry\":{\"delay\":-0.5}"),
        "options.retry.delay: must be a number of seconds"},
    {WITH_OPTIONS("\"retry\":{\"max_delay\":86400.5}"),
        "options.retry.max_delay: must be a number of seconds from 0 to 86400"},

    {WITH_OPTIONS("\"attempt_timeout\":0"),
        "options.attempt_timeout: must be a number of seconds from 0.001 to 86400"},
    {WITH_OPTIONS("\"timeout\":0"),
        "options.timeout: must be a number of seconds from 0.001 to 86400"},
    {WITH_OPTIONS("\"timeout\":\"5m\""), "options.timeout: must be a number of seconds"},
    {WITH_OPTIONS("\"timeout\":1e999"), "options.timeout: must be a number of seconds"},
    {WITH_OPTIONS("\"schedule\":5"), "options.schedule: must be a string"},
    {WITH_OPTIONS("\"schedule\":\"\""), "options.schedule: a schedule has five fields"},
    {WITH_OPTIONS("\"schedule\":\"61 * * * *\""),
        "options.schedule: minute: \"61\" is not a number from 0 to 59"},
    {WITH_OPTIONS("\"schedule\":\"0 0 31 2 *\""), "options.schedule: no date matches it"},

    {WITH_OPTIONS("\"env\":[]"), "options.env: must be an object"},
    {WITH_OPTIONS("\"env\":{\"A\":1}"), "options.env.A: must be a string of 8192 bytes at most"},
    {WITH_OPTIONS("\"env\":{\"1A\":\"\"}"), "options.env.1A: is not the name of a variable"},
    {WITH_OPTIONS("\"env\":{\"A=B\":\"\"}"), "options.env.A=B: is not the name of a variable"},
    {WITH_OPTIONS("\"env\":{\"\":\"\"}"), "options.env.: is not the name of a variable"},
    {WITH_OPTIONS("\"env\":{\"FX_HOME\":\"\"}"), "options.env.FX_HOME: is not the name of a var"},
};

static void pipeline_refuses_bad_definitions_and_names_the_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        struct pipeline *pipeline;
        struct buf why = BUF_INIT;
        if (pipeline_parse(span_str(bad_cases[i].definition), &pipeline, &why) != ERR_INVALID)
            fail_msg("%s was accepted", bad_cases[i].definition);
        if (strncmp(buf_text(&why), bad_cases[i].why, strlen(bad_cases[i].why)) != 0)
            fail_msg("%s: %s", bad_cases[i].definition, buf_text(&why));
        buf_done(&why);
    }
}

static struct pipeline *parse(const char *definition)
{
    struct pipeline *pipeline;
    struct buf why = BUF_INIT;
    if (pipeline_parse(span_str(definition), &pipeline, &why) != ERR_OK)
        fail_msg("%s: %s", definition, buf_text(&why));
    return pipeline;
}

static void pipeline_has_defaults(void **state)
{
    struct pipeline *p = parse("{\"name\":\"p\"," STEPS "}");
    (void)state;
    assert_string_equal(p->name, "p");
    assert_null(p->event);
    assert_null(p->filters);
    assert_false(p->from_earliest || p->ordered || p->scheduled);
    assert_int_equal(p->scale.min, 0);
    assert_int_equal(p->scale.max, 4);
    assert_int_equal(p->scale.idle_timeout_ms, 60000);
    assert_int_equal(p->retry.limit, 3);
    assert_int_equal(p->retry.delay_ms, 1000);
    assert_int_equal(p->retry.max_delay_ms, 300000);
    assert_int_equal(p->attempt_timeout_ms, 300000);
    assert_int_equal(p->timeout_ms, 0);
    assert_int_equal(p->env_count, 0);
    assert_int_equal(p->step_count, 1);

    const struct step *step = &p->steps[0];
    assert_int_equal(step->kind, STEP_SCRIPT);
    assert_string_equal(step->script, "a.sh");
    assert_string_equal(step->inputs, "{}");
    assert_string_equal(step->outputs, "{}");
    assert_null(step->when);
    assert_int_equal(step->timeout_ms, 0);
    assert_false(step->persistent);
    pipeline_free(p);
}

static const char full[] =
    "{\"name\":\"order-mail\",\"options\":{\"event\":\"order.*\",\"initial_offset\":\"earliest\","
    "\"filters\":[{\"exact\":{\"type\":\"order.created\"}}],"
    "\"scale\":{\"min\":1,\"max\":2,\"idle_timeout\":0.5},\"ordered\":true,"
    "\"retry\":{\"limit\":5,\"delay\":0.25,\"max_delay\":10},\"timeout\":1.5,"
    "\"schedule\":\"*/5 * * * *\",\"env\":{\"LANG\":\"C\",\"EMPTY\":\"\"}},"
    "\"steps\":["
    "{\"name\":\"render\",\"script\":\"render.sh\",\"inputs\":{\"a\": [1, \"x/y\"]},"
    "\"outputs\":{ },\"options\":{\"timeout\":30,\"persistent\":true}},"
    "{\"name\":\"notify\",\"http\":{\"url\":\"https://a/b\",\"headers\":{\"X-A\":\"b\"},"
    "\"secret\":\"s\",\"mode\":\"structured\"},\"when\":[{\"exact\":{\"type\":\"t\"}}]},"
    "{\"name\":\"next\",\"publish\":{\"event_type\":\"order.mailed\",\"event_source\":\"/p\","
    "\"topic\":\"mailed\",\"payload\":null}},"
    "{\"name\":\"last\",\"publish\":{\"event_type\":\"order.done\"}}]}";

static void pipeline_reads_every_option(void **state)
{
    struct pipeline *p = parse(full);
    (void)state;
    assert_string_equal(p->name, "order-mail");
    assert_string_equal(p->event, "order.*");
    assert_true(p->from_earliest && p->ordered && p->scheduled);
    assert_non_null(p->filters);
    assert_int_equal(p->scale.min, 1);
    assert_int_equal(p->scale.max, 2);
    assert_int_equal(p->scale.idle_timeout_ms, 500);
    assert_int_equal(p->retry.limit, 5);
    assert_int_equal(p->retry.delay_ms, 250);
    assert_int_equal(p->retry.max_delay_ms, 10000);
    assert_int_equal(p->timeout_ms, 1500);
    assert_int_equal(cron_next_ms(&p->schedule, 0), 300000);
    assert_int_equal(p->env_count, 2);
    assert_string_equal(p->env[0].name, "LANG");
    assert_string_equal(p->env[0].value.text, "C");
    assert_string_equal(p->env[1].name, "EMPTY");
    assert_string_equal(p->env[1].value.text, "");
    pipeline_free(p);
}

static void pipeline_reads_every_kind_of_step(void **state)
{
    struct pipeline *p = parse(full);
    const struct step *step = p->steps;
    (void)state;
    assert_int_equal(p->step_count, 4);
    assert_int_equal(step->kind, STEP_SCRIPT);
    assert_string_equal(step->inputs, "{\"a\":[1,\"x/y\"]}");
    assert_string_equal(step->outputs, "{}");
    assert_int_equal(step->timeout_ms, 30000);
    assert_true(step->persistent);

    step++;
    assert_int_equal(step->kind, STEP_HTTP);
    assert_string_equal(step->name, "notify");
    assert_string_equal(step->url, "https://a/b");
    assert_string_equal(step->secret.text, "s");
    assert_int_equal(step->header_count, 1);
    assert_string_equal(step->headers[0].name, "X-A");
    assert_string_equal(step->headers[0].value.text, "b");
    assert_true(step->structured);
    assert_non_null(step->when);

    step++;
    assert_int_equal(step->kind, STEP_PUBLISH);
    assert_string_equal(step->event_type, "order.mailed");
    assert_string_equal(step->event_source, "/p");
    assert_string_equal(step->topic, "mailed");
    assert_string_equal(step->payload, "null");

    step++;
    assert_int_equal(step->kind, STEP_PUBLISH);
    assert_null(step->payload);
    assert_null(step->topic);
    assert_null(step->event_source);
    pipeline_free(p);
}

/* A list of n items, each made from its number. */
static bool accepts(const char *before, const char *item, const char *after, unsigned n)
{
    struct buf text = BUF_INIT, why = BUF_INIT;
    struct pipeline *pipeline = NULL;
    buf_add_str(&text, before);
    for (unsigned i = 0; i < n; i++) {
        const char *number = strchr(item, '#');
        buf_printf(&text, "%s%.*s%u%s", i ? "," : "", (int)(number - item), item, i, number + 1);
    }
    buf_add_str(&text, after);
    bool accepted = pipeline_parse(buf_span(&text), &pipeline, &why) == ERR_OK;
    pipeline_free(pipeline);
    buf_done(&text);
    buf_done(&why);
    return accepted;
}

static void pipeline_lists_end_at_their_limits(void **state)
{
    static const struct {
        const char *before, *item, *after;
        unsigned max;
    } lists[] = {
        {"{\"name\":\"p\",\"steps\":[", "{\"name\":\"s#\",\"script\":\"a\"}", "]}", STEPS_MAX},
        {"{\"name\":\"p\"," STEPS ",\"options\":{\"env\":{", "\"A#\":\"\"", "}}}", ENV_MAX},
        {"{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"http\":{\"url\":\"http://a\",\"headers\":{",
            "\"A#\":\"\"", "}}}]}", STEP_HEADERS_MAX},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        assert_true(accepts(lists[i].before, lists[i].item, lists[i].after, lists[i].max));
        assert_false(accepts(lists[i].before, lists[i].item, lists[i].after, lists[i].max + 1));
    }
}

/* A text of n characters between two parts of a definition. */
static bool accepts_text(const char *before, const char *after, size_t n)
{
    struct buf text = BUF_INIT, why = BUF_INIT;
    struct pipeline *pipeline = NULL;
    buf_add_str(&text, before);
    for (size_t i = 0; i < n; i++)
        buf_add_char(&text, 'a');
    buf_add_str(&text, after);
    bool accepted = pipeline_parse(buf_span(&text), &pipeline, &why) == ERR_OK;
    pipeline_free(pipeline);
    buf_done(&text);
    buf_done(&why);
    return accepted;
}

static void pipeline_texts_end_at_their_limits(void **state)
{
    static const struct {
        const char *before, *after;
        size_t max;
    } texts[] = {
        {"{\"name\":\"", "\"," STEPS "}", PIPELINE_NAME_MAX},
        {"{\"name\":\"p\"," STEPS ",\"options\":{\"event\":\"", "\"}}", TOPIC_MAX},
        {"{\"name\":\"p\"," STEPS ",\"options\":{\"event\":\"", "*\"}}", TOPIC_MAX - 1},
        {"{\"name\":\"p\"," STEPS ",\"options\":{\"env\":{\"A\":\"", "\"}}}", ENV_VALUE_MAX},
        {"{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"http\":{\"url\":\"http://a\",\"secret\":\"",
            "\"}}]}", SECRET_MAX},
        {"{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"http\":{\"url\":\"http://", "\"}}]}",
            URL_MAX - 7},
        {"{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"http\":{\"url\":\"http://a\",\"headers\":"
         "{\"A\":\"",
            "\"}}}]}", STEP_HEADER_VALUE_MAX},
        {"{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"publish\":{\"event_type\":\"", "\"}}]}",
            EVENT_TYPE_MAX},
        {"{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"publish\":{\"event_type\":\"a\","
         "\"event_source\":\"",
            "\"}}]}", EVENT_SOURCE_MAX},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_true(accepts_text(texts[i].before, texts[i].after, texts[i].max));
        assert_false(accepts_text(texts[i].before, texts[i].after, texts[i].max + 1));
    }
}

static void pipeline_message_shortens_a_long_name(void **state)
{
    struct buf text = BUF_INIT, why = BUF_INIT;
    struct pipeline *pipeline;
    (void)state;
    /* Characters of two bytes from the second byte on: the limit falls within one. */
    buf_add_str(&text, "{\"x");
    for (int i = 0; i < 1000; i++)
        buf_add_str(&text, "\xc3\xa4");
    buf_add_str(&text, "\":1}");
    assert_int_equal(pipeline_parse(buf_span(&text), &pipeline, &why), ERR_INVALID);
    assert_int_equal(strstr(buf_text(&why), "…: is unknown") - buf_text(&why), 63);
    buf_done(&text);
    buf_done(&why);
}

static const struct {
    const char *pattern, *topic;
    bool matches;
} topic_cases[] = {
    {"orders", "orders", true},
    {"orders", "orders.new", false},
    {"orders", "order", false},
    {"orders.*", "orders.new", true},
    {"orders.*", "orders.", true},
    {"orders.*", "orders", false},
    {"orders*", "orders", true},
    {"*", "anything", true},
    /* The bridge's own topics are met by those who ask for them alone. */
    {"fx.execution.failed", "fx.execution.failed", true},
    {"*", "fx.execution.failed", false},
    {"f*", "fx.execution.failed", false},
    {"fx*", "fx.execution.failed", false},
    {"fx.*", "fx.execution.failed", true},
    {"fx.exec*", "fx.execution.failed", true},
    {"*", "fx.schedule", false},
    {"*", "fx.", false},
    {"*", "fx", true},
    {"*", "FX.execution.failed", true},
    {"*", "fxa.b", true},
    /* What a door names for its sender is an event like any other. */
    {"*", "fx.events.generic.incoming", true},
    {"f*", "fx.events.webhook.incoming", true},
    {"fx.events.*", "fx.events.webhook.incoming", true},
    {"*", "fx.events.incoming", false},
    {"*", "fx.events..incoming", false},
    {"", "orders", false},
};

static void topic_matches_by_name_or_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(topic_cases); i++)
        if (topic_matches(span_str(topic_cases[i].pattern), span_str(topic_cases[i].topic)) !=
            topic_cases[i].matches)
            fail_msg("%s, %s", topic_cases[i].pattern, topic_cases[i].topic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipeline_accepts_good_definitions),
        cmocka_unit_test(pipeline_refuses_bad_definitions_and_names_the_field),
        cmocka_unit_test(pipeline_has_defaults),
        cmocka_unit_test(pipeline_reads_every_option),
        cmocka_unit_test(pipeline_reads_every_kind_of_step),
        cmocka_unit_test(pipeline_lists_end_at_their_limits),
        cmocka_unit_test(pipeline_texts_end_at_their_limits),
        cmocka_unit_test(pipeline_message_shortens_a_long_name),
        cmocka_unit_test(topic_matches_by_name_or_prefix),
    };
    pipeline_free(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
