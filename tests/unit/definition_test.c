/* definition_test - what is taken from a client's pipeline, byte for byte, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "model/definition.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define STEPS "\"steps\":[{\"name\":\"a\",\"script\":\"a.sh\"}]"
#define ID_64 "0123456789012345678901234567890123456789012345678901234567890123"

/* `fixed`: the name of the pipeline that is replaced; NULL when one is created. */
static const struct {
    const char *body, *fixed;
    const char *id, *name, *text;
} good_cases[] = {
    {"{\"name\":\"p\"," STEPS "}", NULL, "", "p", "{\"name\":\"p\"," STEPS "}"},
    {"{\"id\":\"x\",\"name\":\"p\"," STEPS "}", NULL, "x", "p", "{\"name\":\"p\"," STEPS "}"},
    {"{\"name\":\"p\"," STEPS ",\"id\":\"X.y_z-1\"}", NULL, "X.y_z-1", "p",
        "{\"name\":\"p\"," STEPS "}"},
    {"{\"name\":\"p\",\"id\":\"" ID_64 "\"," STEPS "}", NULL, ID_64, "p",
        "{\"name\":\"p\"," STEPS "}"},
    {"{\"\\u0069d\":\"\\u0078\",\"name\":\"p\"," STEPS "}", NULL, "x", "p",
        "{\"name\":\"p\"," STEPS "}"},
    /* Values keep their bytes, the order stays, space between members goes. */
    {" { \"options\" : { \"timeout\" : 1.50 } , \"steps\" : [ {\"script\" : \"a\" , \"name\" : "
     "\"b\"} ] , \"name\" : \"\\u0070\" } ",
        NULL, "", "p",
        "{\"options\":{ \"timeout\" : 1.50 },\"steps\":[ {\"script\" : \"a\" , \"name\" : \"b\"} "
        "],\"name\":\"\\u0070\"}"},
    {"{\"\\u006eame\":\"p\"," STEPS "}", NULL, "", "p", "{\"\\u006eame\":\"p\"," STEPS "}"},
    /* Replaced: the name may be left out or repeated. */
    {"{" STEPS "}", "p", "", "p", "{" STEPS ",\"name\":\"p\"}"},
    {"{\"name\":\"p\"," STEPS "}", "p", "", "p", "{\"name\":\"p\"," STEPS "}"},
    {"{\"options\":{}," STEPS ",\"id\":\"x\"}", "p", "x", "p",
        "{\"options\":{}," STEPS ",\"name\":\"p\"}"},
};

static struct span text(const char *s)
{
    return s ? span_str(s) : SPAN_NONE;
}

static void definition_takes_a_body_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++) {
        struct definition definition;
        struct json_fault fault;
        struct buf why = BUF_INIT;
        enum err err = definition_read(
            span_str(good_cases[i].body), text(good_cases[i].fixed), &definition, &why);
        if (err)
            fail_msg("%s: %s", good_cases[i].body, buf_text(&why));
        assert_string_equal(buf_text(&definition.id), good_cases[i].id);
        assert_string_equal(buf_text(&definition.name), good_cases[i].name);
        assert_string_equal(buf_text(&definition.text), good_cases[i].text);
        assert_non_null(definition.pipeline);
        assert_string_equal(definition.pipeline->name, good_cases[i].name);
        assert_int_equal(why.len, 0);

        /* What is stored is read the same way when it runs. */
        struct pipeline *again = NULL;
        assert_true(json_check(buf_span(&definition.text), JSON_DEPTH_DEFAULT, &fault));
        assert_int_equal(pipeline_parse(buf_span(&definition.text), &again, &why), ERR_OK);
        pipeline_free(again);
        definition_done(&definition);
        assert_null(definition.pipeline);
        definition_done(&definition); /* nothing is left to free */
    }
}

static const struct {
    const char *body, *fixed;
    const char *why; /* the sentence begins so */
} bad_cases[] = {
    {"[]", NULL, "The body must be an object with name, steps and options."},
    {"\"name\"", NULL, "The body must be an object"},
    {"null", "p", "The body must be an object"},
    {"{}", NULL, "name: is missing"},
    {"{}", "p", "steps: is missing"},
    {"{" STEPS "}", NULL, "name: is missing"},
    {"{\"name\":\"P \"," STEPS "}", NULL, "name: the name of a pipeline is"},
    {"{\"name\":\"P\"," STEPS "}", "p", "name: a pipeline keeps its name; create another"},
    {"{\"name\":\"q\"," STEPS "}", "p", "name: a pipeline keeps its name; create another"},
    {"{\"name\":null," STEPS "}", "p", "name: must be a string"},
    {"{\"id\":\"\",\"name\":\"p\"," STEPS "}", NULL, "id: must be a string of 1 to 64 characters"},
    {"{\"id\":1,\"name\":\"p\"," STEPS "}", NULL, "id: must be a string"},
    {"{\"id\":null,\"name\":\"p\"," STEPS "}", NULL, "id: must be a string"},
    {"{\"id\":\"-x\",\"name\":\"p\"," STEPS "}", NULL, "id: must be a string"},
    {"{\"id\":\"a/b\",\"name\":\"p\"," STEPS "}", NULL, "id: must be a string"},
    {"{\"id\":\"" ID_64 "0\",\"name\":\"p\"," STEPS "}", NULL, "id: must be a string"},
    {"{\"name\":\"p\"," STEPS ",\"version\":1}", NULL,
        "version: is unknown; known here: name, steps, options"},
    {"{\"name\":\"p\"," STEPS ",\"options\":{\"event\":\"a b\"}}", NULL, "options.event: "},
};

static void definition_names_the_field_it_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        struct definition definition;
        struct buf why = BUF_INIT;
        enum err err = definition_read(
            span_str(bad_cases[i].body), text(bad_cases[i].fixed), &definition, &why);
        assert_int_equal(err, ERR_INVALID);
        if (strncmp(buf_text(&why), bad_cases[i].why, strlen(bad_cases[i].why)) != 0)
            fail_msg("%s: %s", bad_cases[i].body, buf_text(&why));
        definition_done(&definition);
        buf_done(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definition_takes_a_body_apart),
        cmocka_unit_test(definition_names_the_field_it_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
