#ifndef MODEL_ADDRESS_H
#define MODEL_ADDRESS_H
/*
 * address - which addresses an HTTP step may reach: those of the public Internet,
 * and the networks that the operator allows besides. The question is asked about the
 * address that a connection is about to be made to, whatever name stood for it.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"

struct network {
    int family; /* AF_INET, AF_INET6 */
    uint8_t bytes[16];
    unsigned bits; /* of the prefix */
};

struct networks {
    struct network *list;
    size_t count;
};

/*
 * Reads "10.0.0.0/8" or "fd00::/8"; without a length the network is one address. False when
 * the text is no network, or a bit is set beyond the prefix.
 */
bool network_parse(struct span text, struct network *ret_network);

/*
 * Reads networks with commas or white space between them. False, and a sentence
 * part in ret_why, when something there is no network. Free with networks_done in
 * either case.
 */
bool networks_parse(const char *text, struct networks *ret_networks, struct buf *ret_why);
void networks_done(struct networks *networks);

/* Is the address, a network of one, in one of the networks? */
bool networks_hold(const struct networks *networks, const struct network *address);

/*
 * May the address be reached? An IPv4 address inside an IPv6 address (::ffff:10.0.0.1,
 * 64:ff9b::, 6to4, Teredo) is not looked at: such an IPv6 address is not public, and only
 * an IPv6 network allows it.
 */
bool address_allowed(const struct sockaddr *address, const struct networks *allowed);

/* Writes the address, without a port. */
void address_format(const struct sockaddr *address, char ret_text[INET6_ADDRSTRLEN]);

#endif
