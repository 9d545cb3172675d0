#ifndef WEB_PEER_H
#define WEB_PEER_H
/*
 * peer - who may connect to a FastCGI program, besides what the permissions of its socket
 * say: root, this account and its group; but no script of a step, which runs under the
 * same account and could say of a request what only a web server may say.
 */
#include <stdbool.h>

/* Is it one of them? Says so in the log where it is not. Thread-safe. */
bool peer_is_trusted(int connection);

#endif
