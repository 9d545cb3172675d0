/* route_test - which paths match which patterns, and what is replied where none does. */
#include "fake_channel.h"

#include "web/route.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    const char *pattern, *path;
    bool matches;
    const char *first, *second; /* the parts in braces */
} match_cases[] = {
    {"/fx/events", "/fx/events", true, NULL, NULL}, {"/fx/events", "/fx/event", false, NULL, NULL},
    {"/fx/events", "/fx/eventss", false, NULL, NULL},
    {"/fx/events", "/fx/events/", false, NULL, NULL},
    {"/fx/events", "/FX/events", false, NULL, NULL}, {"/fx/events", "fx/events", false, NULL, NULL},
    {"/fx/events", "", false, NULL, NULL}, {"/", "/", true, NULL, NULL},
    {"/", "", false, NULL, NULL}, {"", "", true, NULL, NULL},
    {"/fx/cid/{cid}", "/fx/cid/x", true, "x", NULL},
    {"/fx/cid/{cid}", "/fx/cid/0192-a.b_c:%20 ~", true, "0192-a.b_c:%20 ~", NULL},
    {"/fx/cid/{cid}", "/fx/cid/\xc3\xa4", true, "\xc3\xa4", NULL},
    {"/fx/cid/{cid}", "/fx/cid/{cid}", true, "{cid}", NULL},
    {"/fx/cid/{cid}", "/fx/cid/", false, NULL, NULL},
    {"/fx/cid/{cid}", "/fx/cid", false, NULL, NULL},
    {"/fx/cid/{cid}", "/fx/cid//", false, NULL, NULL},
    {"/fx/cid/{cid}", "/fx/cid/a/b", false, NULL, NULL},
    {"/fx/cid/{cid}", "/fx/cid/a/", false, NULL, NULL},
    {"/fx/cid/{cid}/explain", "/fx/cid/x/explain", true, "x", NULL},
    {"/fx/cid/{cid}/explain", "/fx/cid/x", false, NULL, NULL},
    {"/fx/cid/{cid}/explain", "/fx/cid//explain", false, NULL, NULL},
    {"/fx/cid/{cid}/explain", "/fx/cid/x/explainer", false, NULL, NULL},
    {"/p/{id}/versions/{v}", "/p/one/versions/2", true, "one", "2"},
    {"/p/{id}/versions/{v}", "/p/one/versions/", false, NULL, NULL},
    {"/{a}/{b}", "/x/y", true, "x", "y"}, {"/{a}/{b}", "/x", false, NULL, NULL},
    {"/{a}/{b}/{c}", "/x/y/z", false, NULL, NULL}, /* more than there is room for */
};

static void route_patterns_match_whole_segments(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(match_cases); i++) {
        struct span params[ROUTE_PARAMS_MAX] = {SPAN_NONE, SPAN_NONE};
        bool matches = route_matches(match_cases[i].pattern, span_str(match_cases[i].path), params);
        if (matches != match_cases[i].matches)
            fail_msg("%s and %s", match_cases[i].pattern, match_cases[i].path);
        if (match_cases[i].first)
            assert_true(span_eq_str(params[0], match_cases[i].first));
        if (match_cases[i].second)
            assert_true(span_eq_str(params[1], match_cases[i].second));
    }
}

static void route_takes_a_path_that_has_no_end_mark(void **state)
{
    struct span params[ROUTE_PARAMS_MAX];
    (void)state;
    /* Exactly as many bytes as the path has, so that a read past it is seen. */
    char *path = malloc(9);
    memcpy(path, "/fx/cid/x", 9);
    assert_true(route_matches("/fx/cid/{cid}", span_of(path, 9), params));
    assert_false(route_matches("/fx/cid/{cid}/more", span_of(path, 9), params));
    assert_false(route_matches("/fx/cid/xy", span_of(path, 9), params));
    free(path);
}

static void nothing(struct request *request)
{
    (void)request;
}

#define NO_SCOPE SCOPE_NONE, nothing, false

static const struct route routes[] = {
    {"GET", "/things", NO_SCOPE},
    {"POST", "/things", NO_SCOPE},
    {"GET", "/things/special", NO_SCOPE},
    {"GET", "/things/{id}", NO_SCOPE},
    {"PUT", "/things/{id}", NO_SCOPE},
    {"DELETE", "/things/{id}", NO_SCOPE},
    {"POST", "/only", NO_SCOPE},
    {"POST", "/things/{id}/{verb}", NO_SCOPE},
};

/* route: the one that is found; NULL stands for a reply of that status and Allow. */
static const struct {
    const char *method, *path;
    int route; /* -1: none */
    const char *first;
    int status;
    const char *allow;
} find_cases[] = {
    {"GET", "/things", 0, NULL, 0, NULL},
    {"POST", "/things", 1, NULL, 0, NULL},
    {"HEAD", "/things", 0, NULL, 0, NULL},
    {"GET", "/things/special", 2, NULL, 0, NULL},
    {"GET", "/things/x", 3, "x", 0, NULL},
    {"HEAD", "/things/x", 3, "x", 0, NULL},
    {"PUT", "/things/special", 4, "special", 0, NULL},
    {"DELETE", "/things/x", 5, "x", 0, NULL},
    {"POST", "/things/x/run", 7, "x", 0, NULL},
    {"GET", "/nothing", -1, NULL, 404, NULL},
    {"GET", "/things/a/b/c", -1, NULL, 404, NULL},
    {"DELETE", "/things", -1, NULL, 405, "GET, HEAD, POST"},
    {"OPTIONS", "/things", -1, NULL, 405, "GET, HEAD, POST"},
    {"POST", "/things/x", -1, NULL, 405, "GET, HEAD, PUT, DELETE"},
    {"GET", "/only", -1, NULL, 405, "POST"},
    {"HEAD", "/only", -1, NULL, 405, "POST"},
    {"get", "/things", -1, NULL, 405, "GET, HEAD, POST"},
    {"", "/things", -1, NULL, 405, "GET, HEAD, POST"},
    {"GETS", "/things", -1, NULL, 405, "GET, HEAD, POST"},
};

static void route_is_found_or_what_is_allowed_is_told(void **state)
{
    static const struct program program = {"test", STORE_READ_ONLY, routes, COUNT(routes)};
    (void)state;
    for (size_t i = 0; i < COUNT(find_cases); i++) {
        struct fake fake;
        fake_init(&fake);
        struct request *request = mem_alloc(sizeof *request);
        request->program = &program;
        request->channel = &fake.channel;
        request->method = find_cases[i].method;
        request->path = span_str(find_cases[i].path);
        const struct route *route = route_find(request);
        if (find_cases[i].route >= 0) {
            assert_ptr_equal(route, &routes[find_cases[i].route]);
            if (find_cases[i].first)
                assert_true(span_eq_str(request->params[0], find_cases[i].first));
            assert_int_equal(fake.replies, 0);
            free(request);
        } else {
            assert_null(route);
            assert_int_equal(fake_status(&fake), find_cases[i].status);
            const char *allow = fake_header(&fake, "Allow");
            assert_int_equal(allow != NULL, find_cases[i].allow != NULL);
            if (allow)
                assert_string_equal(allow, find_cases[i].allow);
        }
        fake_done(&fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_patterns_match_whole_segments),
        cmocka_unit_test(route_takes_a_path_that_has_no_end_mark),
        cmocka_unit_test(route_is_found_or_what_is_allowed_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
