#ifndef WEB_CHANNEL_H
#define WEB_CHANNEL_H
/*
 * channel - what carries one request: a FastCGI connection or a CGI process.
 * The rest of the layer knows nothing else of either.
 */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "web/aside.h"

struct channel {
    /* The CGI variables, "NAME=value", ended by NULL. */
    char **variables;

    /* How this kind of channel does what channel_read, channel_send and channel_peer promise. */
    ssize_t (*read)(struct channel *channel, void *buffer, size_t len);
    void (*send)(struct channel *channel, struct span head, struct span body);
    struct pollfd (*peer)(const struct channel *channel);

    bool ended; /* the body was read to its end, or the peer has failed */
};

/* Reads up to len bytes of the body. 0 at its end, -1 when the peer went away or took too long. */
ssize_t channel_read(struct channel *channel, void *buffer, size_t len);

/*
 * Reads the body to its end and throws it away. A front end that is still sending when
 * the connection closes gives its client an error of its own instead of the reply, and
 * takes the program for broken. A peer that sends more than 32 MiB, which is above the
 * limit of every front end, or sends for longer than 30 seconds, is not waited for.
 */
void channel_drain(struct channel *channel);

/*
 * What poll(2) is to be asked, with the body read to its end. It says something as soon as nobody
 * wants the reply any more, as far as this kind of channel can tell.
 */
struct pollfd channel_peer(const struct channel *channel);

/*
 * Drains the body of the request, sends the whole reply in the CGI form (RFC 3875, section 6), its
 * head with the empty line that ends it and its body, ends the request, frees the channel.
 */
void channel_send(struct channel *channel, struct span head, struct span body);

/* True when this process was started to serve FastCGI connections on descriptor 0. */
bool fastcgi_is(void);

/* A connection whose request has arrived; takes over both. */
struct channel *fastcgi_channel(const struct arrival *arrival);

/* The one request of a CGI process, whose body and whose reply are waited for with patience. */
struct channel *cgi_channel(char **variables, struct patience patience);

#endif
