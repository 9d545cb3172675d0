/* address_test - which addresses HTTP steps may reach: every range at both edges, and its
 * neighbours; other spellings of the same address; and the networks an operator allows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "model/address.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct sockaddr_storage parse(const char *text)
{
    struct sockaddr_storage storage;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
    memset(&storage, 0, sizeof storage);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        storage.ss_family = AF_INET;
    } else {
        if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
            fail_msg("%s is no address", text);
        storage.ss_family = AF_INET6;
    }
    return storage;
}

static bool allowed(const char *text, const char *networks_text)
{
    struct sockaddr_storage storage = parse(text);
    struct networks networks;
    struct buf why = BUF_INIT;
    if (!networks_parse(networks_text, &networks, &why))
        fail_msg("%s", buf_text(&why));
    bool result = address_allowed((struct sockaddr *)&storage, &networks);
    networks_done(&networks);
    return result;
}

/* The first and the last address of each range, and what lies before and after it where that is
 * public. */
static const struct {
    const char *before, *first, *last, *after;
} ranges[] = {
    {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
    {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL},
    {NULL, "240.0.0.0", "255.255.255.255", NULL},
    /* Outside 2000::/3 nothing is public. */
    {NULL, "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::"},
    {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        NULL},
    {NULL, "8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:1::"},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
    {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2003::"},
    /* Parts of the above, by name. */
    {NULL, "::1", "::1", NULL},
    {NULL, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "ff00::", "ff02::1", NULL},
    {NULL, "64:ff9b::", "64:ff9b::ffff:ffff", NULL},
    {NULL, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "100::", "100::ffff:ffff:ffff:ffff", NULL},
};

static void address_ranges_that_are_not_public(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ranges); i++) {
        const char *outside[] = {ranges[i].before, ranges[i].after};
        const char *inside[] = {ranges[i].first, ranges[i].last};
        for (size_t edge = 0; edge < 2; edge++) {
            if (outside[edge] && !allowed(outside[edge], ""))
                fail_msg("%s is refused", outside[edge]);
            if (allowed(inside[edge], ""))
                fail_msg("%s is allowed", inside[edge]);
        }
    }
}

static void address_public_ones_are_allowed(void **state)
{
    static const char *const public[] = {"1.1.1.1", "8.8.8.8", "93.184.216.34", "172.217.16.78",
        "2606:4700:4700::1111", "2a00:1450:4001:80f::200e", "2001:4860:4860::8888"};
    (void)state;
    for (size_t i = 0; i < COUNT(public); i++)
        assert_true(allowed(public[i], ""));
}

/* Whatever IPv4 address is inside. */
static void address_ipv4_inside_ipv6_is_refused(void **state)
{
    static const char *const hidden[] = {
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8",
        "::ffff:0.0.0.0", "::ffff:255.255.255.255", /* mapped */
        "::127.0.0.1", "::8.8.8.8",                 /* compatible */
        "::ffff:0:127.0.0.1",                       /* translated */
        "64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8",   /* NAT64 */
        "2002:7f00:1::", "2002:808:808::1",         /* 6to4 */
        "2001:0:7f00:1::", "2001::f7f7:f7f7",       /* Teredo */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(hidden); i++) {
        assert_false(allowed(hidden[i], ""));
        assert_false(allowed(hidden[i], "0.0.0.0/0"));
        assert_true(allowed(hidden[i], "::/0"));
    }
}

static const struct {
    const char *address, *networks;
    bool allowed;
} allow_cases[] = {
    {"127.0.0.1", "127.0.0.0/8", true}, {"127.255.255.255", "127.0.0.0/8", true},
    {"::1", "127.0.0.0/8", false}, {"::1", "::1", true}, {"::1", "::1/128", true},
    {"::2", "::1", false}, {"10.1.2.3", "10.1.2.3", true}, {"10.1.2.4", "10.1.2.3", false},
    {"10.1.2.4", "10.1.2.3/32, 10.1.2.4/31", true}, {"10.1.2.6", "10.1.2.4/31", false},
    {"10.128.0.0", "10.0.0.0/9", false}, {"10.127.255.255", "10.0.0.0/9", true},
    {"169.254.169.254", "127.0.0.0/8 ::1,10.0.0.0/8\t192.168.0.0/16", false},
    {"192.168.255.255", "127.0.0.0/8 ::1,10.0.0.0/8\t192.168.0.0/16", true},
    {"169.254.169.254", "0.0.0.0/0", true}, {"::1", "0.0.0.0/0", false},
    {"fd12:3456::1", "fd00::/8", true}, {"fc12:3456::1", "fd00::/8", false},
    {"::ffff:127.0.0.1", "::ffff:127.0.0.0/104", true},
    {"127.0.0.1", "::ffff:127.0.0.0/104", false},
    {"8.8.8.8", "10.0.0.0/8", true}, /* the list adds, it takes nothing away */
};

static void address_networks_that_the_operator_allows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(allow_cases); i++)
        if (allowed(allow_cases[i].address, allow_cases[i].networks) != allow_cases[i].allowed)
            fail_msg("%s with %s", allow_cases[i].address, allow_cases[i].networks);
}

static void address_other_families_are_refused(void **state)
{
    struct sockaddr_storage storage;
    struct networks none = {NULL, 0};
    char text[INET6_ADDRSTRLEN];
    (void)state;
    memset(&storage, 0, sizeof storage);
    storage.ss_family = AF_UNIX;
    assert_false(address_allowed((struct sockaddr *)&storage, &none));
    address_format((struct sockaddr *)&storage, text);
    assert_string_equal(text, "?");
}

static void network_refuses_what_is_none(void **state)
{
    static const char *const bad[] = {"", "x", "localhost", "10", "10.0.0", "10.0.0.0/",
        "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8x", "10.0.0.0/8/8",
        "10.0.0.1/8", "10.0.0.0/255.0.0.0", "010.0.0.0/8", "0x7f.1", "2130706433", "/8",
        "fd00::/129", "fd00::1/8", "fd00:::/8", "[::1]", "fe80::1%eth0", "::ffff:10.0.0.0.0/96",
        "10.0.0.0\\8", "1111:1111:1111:1111:1111:1111:1111:1111:1111", "allow=10.0.0.0/8", ";"};
    struct network network;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (network_parse(span_str(bad[i]), &network))
            fail_msg("\"%s\" is a network", bad[i]);
    assert_false(network_parse(SPAN_NONE, &network)); /* nobody has said anything */
}

static void network_takes_what_is_one(void **state)
{
    static const struct {
        const char *text;
        int family;
        unsigned bits;
    } good[] = {
        {"0.0.0.0/0", AF_INET, 0},
        {"10.0.0.0/8", AF_INET, 8},
        {"10.0.0.1", AF_INET, 32},
        {"255.255.255.255/32", AF_INET, 32},
        {"::/0", AF_INET6, 0},
        {"::1", AF_INET6, 128},
        {"::ffff:10.0.0.0/104", AF_INET6, 104},
        {"1111:1111:1111:1111:1111:1111:1111:1111/128", AF_INET6, 128},
        {"1111:1111:1111:1111:1111:1111:111.111.111.111/128", AF_INET6, 128},
    };
    struct network network;
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!network_parse(span_str(good[i].text), &network))
            fail_msg("\"%s\" is no network", good[i].text);
        assert_int_equal(network.family, good[i].family);
        assert_int_equal(network.bits, good[i].bits);
    }
}

static void networks_names_what_is_none(void **state)
{
    struct networks networks;
    struct buf why = BUF_INIT;
    (void)state;
    assert_false(networks_parse("10.0.0.0/8, 10.0.0.0/40, ::1", &networks, &why));
    assert_non_null(strstr(buf_text(&why), "\"10.0.0.0/40\" is not a network"));
    networks_done(&networks);
    buf_done(&why);

    static const char *const empty[] = {"", " ", ",", " , ,, \t"};
    for (size_t i = 0; i < COUNT(empty); i++) {
        assert_true(networks_parse(empty[i], &networks, &why));
        assert_int_equal(networks.count, 0);
        networks_done(&networks);
    }
    assert_true(networks_parse(" ,10.0.0.0/8,,::1 ", &networks, &why));
    assert_int_equal(networks.count, 2);
    networks_done(&networks);
}

static void address_is_written_as_usual(void **state)
{
    static const char *const texts[] = {
        "10.0.0.1", "::1", "::ffff:10.0.0.1", "2001:db8::ff00:42:8329"};
    char text[INET6_ADDRSTRLEN];
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct sockaddr_storage storage = parse(texts[i]);
        address_format((struct sockaddr *)&storage, text);
        assert_string_equal(text, texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_ranges_that_are_not_public),
        cmocka_unit_test(address_public_ones_are_allowed),
        cmocka_unit_test(address_ipv4_inside_ipv6_is_refused),
        cmocka_unit_test(address_networks_that_the_operator_allows),
        cmocka_unit_test(address_other_families_are_refused),
        cmocka_unit_test(network_refuses_what_is_none),
        cmocka_unit_test(network_takes_what_is_one),
        cmocka_unit_test(networks_names_what_is_none),
        cmocka_unit_test(address_is_written_as_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
