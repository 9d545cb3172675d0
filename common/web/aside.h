#ifndef WEB_ASIDE_H
#define WEB_ASIDE_H
/*
 * aside - connections that wait for their peer, set aside so that no thread waits with
 * them: requests that have not arrived whole, and replies that have not been taken.
 *
 * There is one set for the process, and any thread may use it. A peer that stays silent
 * for too long is given up, and so is the most silent one where there are more than 512.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A connection whose request can be read. */
struct arrival {
    int connection;
    bool waits;   /* reading the request may wait for its peer */
    size_t bytes; /* that have arrived, as far as was looked */
};

/*
 * Once, before anything is set aside. A descriptor that is readable, in the sense of
 * poll(2), when aside_next has something to do.
 */
int aside_open(int64_t timeout_seconds);

/*
 * Looks at a new connection. True when its request can be read, and the connection is then
 * the caller's; false when it has been set aside until more of the request arrives.
 */
bool aside_request(int connection, struct arrival *ret_arrival);

/*
 * Sees to what has been set aside and can go on. True when there is a connection whose
 * request can be read by now, or of whose request nothing more will come: reading does
 * not wait then.
 */
bool aside_next(struct arrival *ret_arrival);

/*
 * Sends a reply without waiting for its peer, and closes the connection once the peer has
 * taken all of it. Takes over the connection and the bytes.
 */
void aside_reply(int connection, struct buf *reply);

bool aside_is_empty(void);

#endif
