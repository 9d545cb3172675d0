#ifndef WEB_ASIDE_H
#define WEB_ASIDE_H
/*
 * aside - connections that wait for their peer, set aside so that no thread waits with
 * them: requests that have not arrived whole, and replies that have not been taken.
 *
 * The process has one set of such connections, which any thread may use. A peer that stays
 * silent for too long is given up, and where more than 512 connections are set aside, the peer
 * that has been silent longest; where replies take up more than 64 MiB, the one of those.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A connection whose request can be read. */
struct arrival {
    int connection;
    bool waits;   /* reading the request may wait for its peer */
    size_t bytes; /* of the request that have arrived, as far as was looked */
};

/*
 * Called once, before anything is set aside. Returns a descriptor that is readable, in the sense
 * of poll(2), when aside_next has something to do.
 */
int aside_open(int64_t timeout_seconds);

/*
 * Looks at a new connection. True when its request can be read: the caller then owns the
 * connection. False when the connection was set aside until more of the request arrives.
 */
bool aside_request(int connection, struct arrival *ret_arrival);

/*
 * Sees to connections that were set aside and can go on. True when a request of one can be read
 * by now, or nothing more of it will come: in either case reading does not wait.
 */
bool aside_next(struct arrival *ret_arrival);

/*
 * Sends a reply without waiting for its peer, and closes the connection once the peer has
 * taken all of it. Takes over the connection and the bytes.
 */
void aside_reply(int connection, struct buf *reply);

bool aside_is_empty(void);

#endif
