/* sender - see sender.h. */
#include "web/sender.h"

#include <string.h>

#include "base/ascii.h"

#define PORT_DIGITS 5

static struct span without_port(struct span text)
{
    const uint8_t *colon = text.len ? memrchr(text.data, ':', text.len) : NULL;
    size_t before = colon ? (size_t)(colon - text.data) : 0;
    return colon && text.len - before <= 1 + PORT_DIGITS ? span_of(text.data, before) : text;
}

/* An address as proxies write it: perhaps with a port, and an IPv6 address then in brackets. */
static struct span without_dress(struct span text)
{
    if (text.len && text.data[0] == '[') {
        const uint8_t *end = memchr(text.data, ']', text.len);
        return end ? span_of(text.data + 1, (size_t)(end - text.data) - 1) : text;
    }
    const uint8_t *colon = text.len ? memchr(text.data, ':', text.len) : NULL;
    return colon && memchr(text.data, '.', (size_t)(colon - text.data)) ? without_port(text) : text;
}

/* ::ffff:192.0.2.1 is 192.0.2.1 to a front end that listens to both families with one socket. */
static void unmap(struct network *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (address->family != AF_INET6 || memcmp(address->bytes, mapped, sizeof mapped) != 0)
        return;
    struct network inner = {.family = AF_INET, .bits = 32};
    memcpy(inner.bytes, address->bytes + sizeof mapped, 4);
    *address = inner;
}

static bool read_address(struct span text, struct network *ret_address)
{
    text = without_dress(ascii_trim(text, ASCII_BLANK));
    if ((text.len && memchr(text.data, '/', text.len)) || !network_parse(text, ret_address))
        return false;
    unmap(ret_address);
    return true;
}

/* Cuts the last item off a list. False where none is left. */
static bool cut_last(struct span *list, struct span *ret_item)
{
    if (!list->len)
        return false;
    const uint8_t *comma = memrchr(list->data, ',', list->len);
    size_t before = comma ? (size_t)(comma - list->data) : 0;
    *ret_item = comma ? span_of(comma + 1, list->len - before - 1) : *list;
    list->len = before;
    return true;
}

/* A header of a proxy. One that came twice may be the sender's own, in part or as a whole. */
static struct span said(const struct request *request, const char *name)
{
    bool twice;
    struct span value = request_header_named(request, name, &twice);
    return twice ? SPAN_NONE : value;
}

static bool peer_address(const struct request *request, struct network *ret_address)
{
    return read_address(request_header(request, "REMOTE_ADDR"), ret_address);
}

static bool is_proxy(const struct request *request, const struct network *address)
{
    return request->proxies && networks_hold(request->proxies, address);
}

bool sender_address(const struct request *request, struct network *ret_address)
{
    struct span hops, hop;
    struct network address;
    if (!peer_address(request, ret_address))
        return false;
    if (!is_proxy(request, ret_address))
        return true;
    hops = said(request, "x-forwarded-for");
    while (is_proxy(request, ret_address) && cut_last(&hops, &hop) && read_address(hop, &address))
        *ret_address = address;
    return true;
}

struct uuid sender_key(const struct request *request)
{
    struct network address;
    struct uuid key = UUID_NONE;
    if (!sender_address(request, &address))
        return key;
    key.bytes[0] = (uint8_t)address.family;
    memcpy(key.bytes + 8, address.bytes, 8); /* all of an IPv4 address, half of an IPv6 address */
    return key;
}

bool sender_is_secure(const struct request *request)
{
    struct network peer;
    struct span proto = SPAN_NONE, last, https = request_header(request, "HTTPS");
    if (peer_address(request, &peer) && is_proxy(request, &peer))
        proto = said(request, "x-forwarded-proto");
    if (cut_last(&proto, &last))
        return span_eq_str(ascii_trim(last, ASCII_BLANK), "https");
    return https.len && !span_eq_str(https, "off");
}
