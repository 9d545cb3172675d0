/*
 * fastcgi - a channel over one FastCGI connection whose request has arrived.
 *
 * The request is taken in, and the reply sent and the connection closed, by web/aside.c, so that
 * nothing here waits for a peer. No front end sends a second request on a connection
 * (PLATFORM.md).
 */
#include "web/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct fastcgi {
    struct channel channel;
    struct arrival arrival;
    size_t taken; /* bytes of the body */
};

/* A listening socket has no peer, and is no less a socket (FastCGI 1.0, section 2.2). */
bool fastcgi_is(void)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    return getpeername(0, (struct sockaddr *)&peer, &len) < 0 && errno == ENOTCONN;
}

static struct fastcgi *from_channel(struct channel *channel)
{
    return (struct fastcgi *)channel;
}

/* The body is copied once, and then no longer kept here. */
static ssize_t fastcgi_read(struct channel *channel, void *buffer, size_t len)
{
    struct fastcgi *f = from_channel(channel);
    struct buf *body = &f->arrival.request.body;
    size_t left = body->len - f->taken, n = len < left ? len : left;
    if (!n)
        return f->arrival.request.is == RECORDS_WHOLE ? 0 : -1;
    memcpy(buffer, body->data + f->taken, n);
    f->taken += n;
    if (n == left) {
        buf_done(body);
        f->taken = 0;
    }
    return (ssize_t)n;
}

static void fastcgi_send(struct channel *channel, struct span head, struct span body)
{
    struct fastcgi *f = from_channel(channel);
    struct buf records = BUF_INIT;
    records_add_reply(&records, f->arrival.request.id, head, body);
    aside_reply(&f->arrival, &records);
    free(f);
}

/*
 * What comes behind a request is its end: the front end aborts it (FastCGI 1.0, section 5.4),
 * has closed the connection, or has shut down its side of it.
 */
static struct pollfd fastcgi_peer(const struct channel *channel)
{
    const struct arrival *arrival = &((const struct fastcgi *)channel)->arrival;
    short at_once = arrival->request.followed ? POLLOUT : 0;
    return (struct pollfd){.fd = arrival->connection, .events = (short)(POLLIN | at_once)};
}

struct channel *fastcgi_channel(const struct arrival *arrival)
{
    struct fastcgi *f = mem_alloc(sizeof *f);
    f->arrival = *arrival;
    f->channel = (struct channel){
        .variables = arrival->request.variables,
        .read = fastcgi_read,
        .send = fastcgi_send,
        .peer = fastcgi_peer,
    };
    return &f->channel;
}
