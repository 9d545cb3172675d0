/* place_test - the gateway's path and its base, from what each kind of web server tells. */
#include "fake_channel.h"

#include "web/place.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct route routes[] = {
    {"GET", "/", SCOPE_NONE, NULL, false},
    {"GET", "/fx/events", SCOPE_NONE, NULL, false},
    {"GET", "/fx/cid/{cid}", SCOPE_NONE, NULL, false},
};
static const struct program program = {"events", STORE_READ_ONLY, routes, COUNT(routes)};

#define NOT_PLAIN "-"

/* The settings' public_url, what the web server sends, and what is to be found. */
static const struct {
    const char *url, *script, *info, *asked, *path, *base; /* path NOT_PLAIN: it names nothing */
} cases[] = {
    {"", "/fx/events", "", "/fx/events", "/fx/events", ""},
    {"", "/fx/events/", "", "/fx/events/?q", "/fx/events", ""},
    {"", "", "/fx/cid/x", "/fx/cid/x", "/fx/cid/x", ""},
    {"", "", "/", "/", "/", ""},
    /* Rewritten to a file, in a folder's .htaccess. */
    {"", "/bridge/events.fcgi", "/fx/events", "/bridge/fx/events", "/fx/events", "/bridge"},
    {"", "/~ada/events.fcgi", "/fx/events/", "/~ada/fx/events/", "/fx/events", "/~ada"},
    {"", "/~ada/x/events.cgi", "/fx/events", "/~ada/x/fx/events?a=/b", "/fx/events", "/~ada/x"},
    {"", "/events.fcgi", "/fx/events", "/fx/events", "/fx/events", ""},
    {"", "/~ada/events.fcgi", "/fx/events", "/%7Eada/fx/events", "/fx/events", "/%7Eada"},
    {"", "/my app/events.cgi", "/fx/events", "/my%20app/fx/events", "/fx/events", "/my%20app"},
    {"", "/b\xc3\xbc/events.cgi", "/fx/events", "/b%C3%BC/fx/events", "/fx/events", "/b%C3%BC"},
    {"", "/~ada/events.fcgi", "/", "/~ada/", "/", "/~ada"},
    /* The file itself is asked for. */
    {"", "/x/events.fcgi", "/fx/events", "/x/events.fcgi/fx/events", "/fx/events",
        "/x/events.fcgi"},
    {"", "/fx/cid/events.cgi", "", "/fx/cid/events.cgi", "/fx/cid/events.cgi",
        ""}, /* a path that looks like it */
    {"", "/fx/cid.fcgi", "/fx/events", "/fx/cid.fcgi/fx/events", "/fx/cid.fcgi/fx/events", ""},
    /* The web server has taken the base off, or made the path of another one. */
    {"", "/fx/events", "", "/bridge/fx/events", "/fx/events", "/bridge"},
    {"", "/fx/events", "", "/hook", "/fx/events", ""},
    /* It has not, and public_url says so. */
    {"https://h/bridge", "/bridge/fx/events", "", "/bridge/fx/events", "/fx/events", "/bridge"},
    {"https://h:1/a/b//", "/a/b", "/fx/events", "/a/b/fx/events", "/fx/events", "/a/b"},
    {"https://h/~ada", "/~ada/fx", "/events", "/%7eada/fx/events", "/fx/events", "/%7eada"},
    {"https://h/%7Eada", "/~ada/fx/events", "", "/~ada/fx/events", "/fx/events", "/~ada"},
    {"https://h/bridge", "/bridge/", "", "/bridge/", "/", "/bridge"},
    {"https://h/bridge", "/fx/events", "", "/fx/events", "/fx/events", ""},
    {"https://h/bridge", "/b/events.cgi", "/fx/events", "/b/fx/events", "/fx/events", "/b"},
    {"https://h/fx", "/fx/events", "", "/fx/events", "/fx/events", ""}, /* taken off by a proxy */
    {"https://h/fx", "/fx/fx/events", "", "/fx/fx/events", "/fx/events", "/fx"},
    {"https://h/bridge", "/bridges/fx/events", "", "/bridges/fx/events", "/bridges/fx/events", ""},
    {"https://h/bridge", "/bridge", "", "/bridge", "/bridge", ""},
    {"https://h", "/h/fx/events", "", "/h/fx/events", "/h/fx/events", ""},
    /* A client cannot put a base in front by itself. */
    {"", "/bridge/fx/events", "", "/bridge/fx/events", "/bridge/fx/events", ""},
    {"", "", "/x/fx/events", "/x/fx/events", "/x/fx/events", ""},
    {"", "/fx/events", "", "/x/../fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "/x%2F..%2F/fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "/x/%2e%2e/fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "/x%5c/fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "/x%00/fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "/x%252f/fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "/x%/fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "//x/fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "/<x>/fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "/a\"b/fx/events", NOT_PLAIN, NULL},
    {"", "/fx/events", "", "/x/fx%2Fevents", NOT_PLAIN, NULL},
    {"", "/x/events.fcgi", "/fx/%events", "/x/fx/%events", NOT_PLAIN, NULL},
};

static struct home home;

static void make(struct fake *fake, struct request *request, size_t i)
{
    memset(request, 0, sizeof *request);
    fake_init(fake);
    fake_set(fake, "SCRIPT_NAME", cases[i].script);
    fake_set(fake, "PATH_INFO", cases[i].info);
    fake_set(fake, "REQUEST_URI", cases[i].asked);
    snprintf(home.config.web_public_url, sizeof home.config.web_public_url, "%s", cases[i].url);
    request->program = &program;
    request->home = &home;
    request->channel = &fake->channel;
}

static void place_is_what_the_web_server_tells(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake fake;
        struct request request;
        make(&fake, &request, i);
        bool is_plain = place_find(&request), plain = strcmp(cases[i].path, NOT_PLAIN) != 0;
        if (is_plain != plain)
            fail_msg("%s: %s", cases[i].asked, is_plain ? "plain" : "not plain");
        if (plain && (!span_eq_str(request.path, cases[i].path) ||
                         !span_eq_str(request.base, cases[i].base)))
            fail_msg("case %zu, %s: %.*s below %.*s", i, cases[i].asked, (int)request.path.len,
                (const char *)request.path.data, (int)request.base.len,
                (const char *)request.base.data);
        arena_done(&request.arena);
        fake_done(&fake);
    }
}

static const struct {
    const char *url, *asked, *location;
} location_cases[] = {
    {"", "/fx/events", "Location: /made/x\r\n"},
    {"", "/bridge/fx/events", "Location: /bridge/made/x\r\n"},
    {"https://h/b/", "/fx/events", "Location: https://h/b/made/x\r\n"},
    {"https://h", "/bridge/fx/events", "Location: https://h/made/x\r\n"},
};

static void location_is_where_clients_find_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(location_cases); i++) {
        struct fake fake;
        struct request request;
        make(&fake, &request, 0);
        snprintf(home.config.web_public_url, sizeof home.config.web_public_url, "%s",
            location_cases[i].url);
        free(fake.variables[2]);
        fake.variable_count = 2;
        fake_set(&fake, "REQUEST_URI", location_cases[i].asked);
        assert_true(place_find(&request));
        place_reply_location(&request, "/made/%s", "x");
        assert_string_equal(buf_text(&request.headers), location_cases[i].location);
        buf_done(&request.headers);
        arena_done(&request.arena);
        fake_done(&fake);
    }
}

/* A POST that came back by the web server's error handler. */
static void restored_path_is_that_of_the_client(void **state)
{
    (void)state;
    struct fake fake;
    struct request request;
    make(&fake, &request, 0);
    snprintf(home.config.web_public_url, sizeof home.config.web_public_url, "https://h/bridge");
    free(fake.variables[2]);
    fake.variable_count = 2;
    fake_set(&fake, "REQUEST_URI", "/bridge/fx/events/?a=1");
    place_restore(&request);
    assert_true(span_eq_str(request.path, "/fx/events"));
    assert_true(span_eq_str(request.base, "/bridge"));
    arena_done(&request.arena);
    fake_done(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place_is_what_the_web_server_tells),
        cmocka_unit_test(location_is_where_clients_find_it),
        cmocka_unit_test(restored_path_is_that_of_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
