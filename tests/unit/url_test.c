/* url_test - which URLs an HTTP step may name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/url.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    const char *url, *fault; /* fault NULL: acceptable */
} cases[] = {
    {"https://example.com", NULL},
    {"http://example.com/", NULL},
    {"HTTPS://EXAMPLE.COM/a?b=c&d=%20#e", NULL},
    {"http://localhost:8080/x", NULL},
    {"http://my_host.internal", NULL},
    {"http://127.0.0.1:1", NULL},
    {"http://[::1]:65535/a", NULL},
    {"http://[2001:db8::1]", NULL},
    {"http://example.com?q=a@b", NULL},
    {"http://example.com/a@b", NULL},
    {"", "begins with http"},
    {"example.com", "begins with http"},
    {"//example.com", "begins with http"},
    {"ftp://example.com", "begins with http"},
    {"file:///etc/passwd", "begins with http"},
    {"http:/example.com", "begins with http"},
    {" http://example.com", "begins with http"},
    {"http://", "needs a host"},
    {"https:///path", "needs a host"},
    {"http://?q", "needs a host"},
    {"http://:80/", "needs a host"},
    {"http://[]/", "needs a host"},
    {"http://[::1", "needs a host"},
    {"http://user@example.com", "credentials"},
    {"http://user:pass@example.com/", "credentials"},
    {"http://@example.com/", "credentials"},
    {"http://a\\@example.com/", "RFC 3986"},
    {"http://example.com/a b", "RFC 3986"},
    {"http://example.com/a\r\nHost: b", "RFC 3986"},
    {"http://b\xc3\xbc"
     "cher.example/",
        "RFC 3986"},
    {"http://example.com:0/", "port"},
    {"http://example.com:65536/", "port"},
    {"http://example.com:", "port"},
    {"http://example.com:8a/", "port"},
    {"http://exa%6dple.com/", "port"},
    {"http://[::1]x/", "port"},
};

static void url_is_http_with_a_host_and_no_credentials(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *fault = url_fault(span_str(cases[i].url));
        bool good = cases[i].fault ? fault && strstr(fault, cases[i].fault) : !fault;
        if (!good)
            fail_msg("%s: %s", cases[i].url, fault ? fault : "accepted");
    }
}

static void url_ends_at_its_limit(void **state)
{
    char url[URL_MAX + 1];
    (void)state;
    memset(url, 'a', sizeof url);
    memcpy(url, "http://a/", 9);
    assert_null(url_fault(span_of(url, URL_MAX)));
    assert_non_null(url_fault(span_of(url, URL_MAX + 1)));
    assert_non_null(url_fault(SPAN_NONE));
    assert_non_null(url_fault(span_of("http://a\0b/", 11)));
}

static const struct {
    const char *url, *root, *path;
} part_cases[] = {
    {"https://h", "https://h", ""},
    {"https://h/", "https://h", ""},
    {"HTTP://h:1/a/b", "HTTP://h:1/a/b", "/a/b"},
    {"https://[::1]:1/a//", "https://[::1]:1/a", "/a"},
    {"", "", ""},
};

static void url_has_a_root_and_a_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(part_cases); i++) {
        struct span root = url_root(span_str(part_cases[i].url));
        assert_true(span_eq_str(root, part_cases[i].root));
        assert_true(span_eq_str(url_path(root), part_cases[i].path));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_is_http_with_a_host_and_no_credentials),
        cmocka_unit_test(url_ends_at_its_limit),
        cmocka_unit_test(url_has_a_root_and_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
