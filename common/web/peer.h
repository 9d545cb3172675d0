#ifndef WEB_PEER_H
#define WEB_PEER_H
/*
 * peer - who may connect to a FastCGI program, besides what the permissions of its socket say:
 * root, this account, its group, the account that listens on the socket, and whom [web] peers of
 * fx.conf names; but no script of a step, which may run under the same account and could say of a
 * request what only a web server may say.
 *
 * Who listens has started this program and handed it the socket, as a web server that starts its
 * programs by suexec does, and is the account behind every connection of that web server.
 */
#include <stdbool.h>

#include "home/peers.h"

/* Before the first connection. `also` is borrowed. */
void peer_begin(int listening, const struct peers *also);

/* Is it one of them? Says so in the log where it is not. Thread-safe. */
bool peer_is_trusted(int connection);

#endif
