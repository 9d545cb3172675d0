#ifndef WEB_SENDER_H
#define WEB_SENDER_H
/*
 * sender - which machine a request comes from, as far as that is known: the peer of the front
 * end, or, where that peer is one of [web] proxies in fx.conf, whom the proxy has it from.
 */
#include <stdbool.h>

#include "model/address.h"
#include "web/request.h"

/*
 * The sender's address, as text gives it; a network of one. Where X-Forwarded-For is believed,
 * it is the last address in it that is no proxy of ours: what stands before that was said by
 * the sender. False: nothing says where the request comes from.
 */
bool sender_address(const struct request *request, struct network *ret_address);

/*
 * What senders are counted by: an IPv4 address, or the first 64 bits of an IPv6 address, since
 * who has one address of such a network has them all (RFC 6177). All zero: an unknown sender.
 */
struct uuid sender_key(const struct request *request);

/* Did the request come to the front end, or to the proxy that is believed, over TLS? */
bool sender_is_secure(const struct request *request);

#endif
