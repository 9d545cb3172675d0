/* sender_test - where a request comes from, and whose word for it is taken. */
#include "fake_channel.h"
#include "temp.h"

#include "web/sender.h"

static const struct {
    const char *peer, *forwarded, *proto, *https;
    const char *address; /* NULL: unknown */
    bool secure;
} cases[] = {
    {"192.0.2.1", NULL, NULL, NULL, "192.0.2.1", false},
    {"192.0.2.1", NULL, NULL, "on", "192.0.2.1", true},
    {"192.0.2.1", NULL, NULL, "off", "192.0.2.1", false},
    {"192.0.2.1", NULL, NULL, "", "192.0.2.1", false},
    {"192.0.2.1", "10.0.0.1", "https", NULL, "192.0.2.1", false}, /* no proxy of ours */
    {"10.0.0.1", NULL, NULL, NULL, "10.0.0.1", false},
    {"10.0.0.1", NULL, NULL, "on", "10.0.0.1", true},
    {"10.0.0.1", "192.0.2.1", "https", NULL, "192.0.2.1", true},
    {"10.0.0.1", "192.0.2.1", "http", "on", "192.0.2.1", false}, /* TLS inside says nothing */
    {"10.0.0.1", "192.0.2.1", "http, https", NULL, "192.0.2.1", true},
    {"10.0.0.1", "192.0.2.1", "https,http", NULL, "192.0.2.1", false},
    {"10.0.0.1", "1.1.1.1, 192.0.2.1 ,10.2.2.2", NULL, NULL, "192.0.2.1", false},
    {"10.0.0.1", ",,,", NULL, NULL, "10.0.0.1", false},
    {"10.0.0.1", "192.0.2.1:80", NULL, NULL, "192.0.2.1", false},
    {"10.0.0.1", "192.0.2.1:", NULL, NULL, "192.0.2.1", false},
    {"10.0.0.1", "192.0.2.1:123456", NULL, NULL, "10.0.0.1", false},
    {"10.0.0.1", "[2001:db8::1]:80", NULL, NULL, "2001:db8::1", false},
    {"10.0.0.1", "[2001:db8::1", NULL, NULL, "10.0.0.1", false},
    {"10.0.0.1", "[]", NULL, NULL, "10.0.0.1", false},
    {"10.0.0.1", "::ffff:10.0.0.2", NULL, NULL, "10.0.0.2", false},
    {"::ffff:10.0.0.1", "192.0.2.1", NULL, NULL, "192.0.2.1", false},
    {"", "192.0.2.1", NULL, NULL, NULL, false},
    {NULL, "192.0.2.1", NULL, NULL, NULL, false},
    {"fe80::1%eth0", NULL, NULL, NULL, NULL, false},
};

static void set(struct fake *fake, const char *name, const char *value)
{
    if (value)
        fake_set(fake, name, value);
}

static void sender_is_known_as_far_as_proxies_are_believed(void **state)
{
    struct networks proxies;
    struct buf why = BUF_INIT;
    (void)state;
    assert_true(networks_parse("10.0.0.0/8", &proxies, &why));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake fake;
        struct network address, right;
        fake_init(&fake);
        set(&fake, "REMOTE_ADDR", cases[i].peer);
        set(&fake, "HTTP_X_FORWARDED_FOR", cases[i].forwarded);
        set(&fake, "HTTP_X_FORWARDED_PROTO", cases[i].proto);
        set(&fake, "HTTPS", cases[i].https);
        struct request request = {.channel = &fake.channel, .proxies = &proxies};
        if (sender_address(&request, &address) != (cases[i].address != NULL))
            fail_msg("case %zu: is it known?", i);
        if (cases[i].address && (!network_parse(span_str(cases[i].address), &right) ||
                                    memcmp(right.bytes, address.bytes, sizeof right.bytes) != 0))
            fail_msg("case %zu: another address", i);
        if (sender_is_secure(&request) != cases[i].secure)
            fail_msg("case %zu: is it secure?", i);
        fake_done(&fake);
    }
    networks_done(&proxies);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sender_is_known_as_far_as_proxies_are_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
