/* address - see address.h. */
#include "model/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* What is not public, from the registries of RFC 6890 and the assignments since. */
static const char *const not_public[] = {
    "0.0.0.0/8",       /* this network */
    "10.0.0.0/8",      /* private (RFC 1918) */
    "100.64.0.0/10",   /* shared by a provider's customers (RFC 6598) */
    "127.0.0.0/8",     /* loopback */
    "169.254.0.0/16",  /* link-local, and where clouds keep credentials */
    "172.16.0.0/12",   /* private */
    "192.0.0.0/24",    /* protocol assignments */
    "192.0.2.0/24",    /* documentation */
    "192.88.99.0/24",  /* 6to4 relays */
    "192.168.0.0/16",  /* private */
    "198.18.0.0/15",   /* benchmarks */
    "198.51.100.0/24", /* documentation */
    "203.0.113.0/24",  /* documentation */
    "224.0.0.0/4",     /* multicast */
    "240.0.0.0/4",     /* reserved, and the broadcast address */
    /*
     * IPv6: everything outside 2000::/3, which alone is given out to the Internet. The
     * first network holds ::, ::1, IPv4-compatible and -mapped addresses, 64:ff9b::/96 and
     * 64:ff9b:1::/48 (NAT64); the third unique local, link-local and multicast addresses.
     */
    "::/3", "4000::/2", "8000::/1", "2001::/32", /* Teredo */
    "2001:db8::/32",                             /* documentation */
    "2002::/16",                                 /* 6to4 */
    "3fff::/20",                                 /* documentation */
};

static unsigned family_bits(int family)
{
    return family == AF_INET ? 32 : 128;
}

static bool within(const struct network *network, int family, const uint8_t *bytes)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (network->family != family || memcmp(network->bytes, bytes, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return !rest || !((network->bytes[whole] ^ bytes[whole]) & mask);
}

/* Reads the prefix length behind "/": a plain number, no larger than the family allows. */
static bool parse_bits(const char *text, struct network *network)
{
    size_t len = strlen(text);
    if (!len || len > 3 || strspn(text, "0123456789") != len || (len > 1 && *text == '0'))
        return false;
    network->bits = (unsigned)strtoul(text, NULL, 10);
    return network->bits <= family_bits(network->family);
}

bool network_parse(struct span text, struct network *ret_network)
{
    char copy[INET6_ADDRSTRLEN + sizeof "/128"];
    struct network n = {0};
    if (!text.len || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    char *slash = strchr(copy, '/');
    if (slash)
        *slash = 0;
    n.family = strchr(copy, ':') ? AF_INET6 : AF_INET;
    n.bits = family_bits(n.family);
    if (inet_pton(n.family, copy, n.bytes) != 1 || (slash && !parse_bits(slash + 1, &n)))
        return false;
    for (unsigned bit = n.bits; bit < family_bits(n.family); bit++)
        if (n.bytes[bit / 8] & 0x80 >> bit % 8)
            return false;
    *ret_network = n;
    return true;
}

static bool is_separator(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

bool networks_parse(const char *text, struct networks *ret_networks, struct buf *ret_why)
{
    struct networks *n = ret_networks;
    *n = (struct networks){NULL, 0};
    while (*text) {
        size_t len = 0;
        while (text[len] && !is_separator(text[len]))
            len++;
        if (len) {
            n->list = mem_resize(n->list, (n->count + 1) * sizeof *n->list);
            if (!network_parse(span_of(text, len), &n->list[n->count])) {
                buf_printf(ret_why,
                    "\"%.*s\" is not a network such as 10.0.0.0/8 or fd00::/8, with no bit set "
                    "beyond its prefix",
                    (int)len, text);
                return false;
            }
            n->count++;
        }
        text += text[len] ? len + 1 : len;
    }
    return true;
}

void networks_done(struct networks *networks)
{
    free(networks->list);
    *networks = (struct networks){NULL, 0};
}

static bool hold(const struct networks *networks, int family, const uint8_t *bytes)
{
    for (size_t i = 0; i < networks->count; i++)
        if (within(&networks->list[i], family, bytes))
            return true;
    return false;
}

bool networks_hold(const struct networks *networks, const struct network *address)
{
    return hold(networks, address->family, address->bytes);
}

/* The bytes of an IPv4 or IPv6 address; NULL for any other family. */
static const void *address_bytes(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6)
        return &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return NULL;
}

bool address_allowed(const struct sockaddr *address, const struct networks *allowed)
{
    const uint8_t *bytes = address_bytes(address);
    if (!bytes)
        return false;
    if (hold(allowed, address->sa_family, bytes))
        return true;
    for (size_t i = 0; i < sizeof not_public / sizeof *not_public; i++) {
        struct network network;
        if (!network_parse(span_str(not_public[i]), &network))
            log_die(EXIT_FIX, "%s is not a network", not_public[i]);
        if (within(&network, address->sa_family, bytes))
            return false;
    }
    return true;
}

void address_format(const struct sockaddr *address, char ret_text[INET6_ADDRSTRLEN])
{
    const void *bytes = address_bytes(address);
    if (!bytes || !inet_ntop(address->sa_family, bytes, ret_text, INET6_ADDRSTRLEN))
        memcpy(ret_text, "?", 2);
}
