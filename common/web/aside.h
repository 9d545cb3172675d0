#ifndef WEB_ASIDE_H
#define WEB_ASIDE_H
/*
 * aside - connections that wait for their peer, set aside so that no thread waits with
 * them: requests that have not arrived whole, and replies that have not been taken.
 *
 * The process has one set of such connections, which any thread may use. A peer that stays
 * silent for too long is given up, and so is one that goes on, but more slowly than any that
 * means it. Where more than 512 connections are set aside, or their requests and replies take up
 * more than 64 MiB, connections of the sender that has most of either are given up, the most
 * silent first: so who has few keeps them. Those who have not even said who sends are one sender.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "web/patience.h"
#include "web/records.h"

/* What senders are told apart by, as a request's variables have it. */
typedef struct uuid aside_sender(char **variables);

/* A connection whose request can be answered: RECORDS_WHOLE or RECORDS_BROKEN. */
struct arrival {
    int connection;
    struct records_request request;
};

/*
 * Called once, before anything is set aside. Returns a descriptor that is readable, in the sense
 * of poll(2), when aside_next has something to do.
 */
int aside_open(struct patience patience, aside_sender *sender);

/*
 * Takes what has come on a new connection. True when that is a request: the caller then owns the
 * connection, and the request of which no more than `body_most` bytes of body are kept. False when
 * the connection was set aside until more arrives, or closed.
 */
bool aside_request(int connection, size_t body_most, struct arrival *ret_arrival);

/*
 * Sees to connections that were set aside and can go on. True when the request of one has arrived
 * by now, or broken off: then as for aside_request.
 */
bool aside_next(struct arrival *ret_arrival);

/*
 * Sends a reply without waiting for its peer, and closes the connection once the peer has
 * taken all of it. Takes over the connection, its request and the bytes.
 */
void aside_reply(struct arrival *arrival, struct buf *reply);

bool aside_is_empty(void);

#endif
