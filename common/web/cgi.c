/*
 * cgi - a channel over the one request of a plain CGI process (RFC 3875): the
 * body on standard input, the reply on standard output.
 */
#include "web/channel.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

#define WRITE_BYTES PIPE_BUF /* that a pipe takes at once, where it takes any */

struct cgi {
    struct channel channel;
    uint64_t left; /* of the body; standard input need not end with it */
    struct patience patience;
    struct transfer body;
};

/* Can the transfer go on, or has its other end gone, before patience has ended? */
static bool can_go_on(const struct cgi *cgi, struct transfer *transfer, int fd, short events)
{
    struct pollfd end = {.fd = fd, .events = events};
    int n;
    do {
        int64_t left_ms = patience_left_ms(&cgi->patience, transfer, clock_mono_ms());
        n = left_ms ? poll(&end, 1, (int)left_ms) : 0;
    } while (n < 0 && errno == EINTR);
    transfer->heard_ms = clock_mono_ms();
    return n > 0;
}

static struct transfer begin_transfer(void)
{
    int64_t now_ms = clock_mono_ms();
    return (struct transfer){.since_ms = now_ms, .heard_ms = now_ms};
}

static ssize_t cgi_read(struct channel *channel, void *buffer, size_t len)
{
    struct cgi *cgi = (struct cgi *)channel;
    ssize_t n;
    if (len > cgi->left)
        len = cgi->left;
    if (!len)
        return 0;
    if (!can_go_on(cgi, &cgi->body, STDIN_FILENO, POLLIN))
        return -1;
    do
        n = read(STDIN_FILENO, buffer, len);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        cgi->left -= (uint64_t)n;
        cgi->body.bytes += (size_t)n;
    }
    return n;
}

/* False when nobody reads any more, or too slowly. */
static bool write_all(const struct cgi *cgi, struct transfer *transfer, struct span text)
{
    while (text.len) {
        size_t some = text.len < WRITE_BYTES ? text.len : WRITE_BYTES;
        if (!can_go_on(cgi, transfer, STDOUT_FILENO, POLLOUT))
            return false;
        ssize_t n = write(STDOUT_FILENO, text.data, some);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            text = span_of(text.data + n, text.len - (size_t)n);
            transfer->bytes += (size_t)n;
        }
    }
    return true;
}

static void cgi_send(struct channel *channel, struct span head, struct span body)
{
    const struct cgi *cgi = (const struct cgi *)channel;
    struct transfer reply = begin_transfer();
    if (write_all(cgi, &reply, head))
        (void)write_all(cgi, &reply, body);
}

/*
 * A web server whose client has left closes the pipe that it reads from. One that does not is to
 * send TERM, which also ends a poll.
 */
static struct pollfd cgi_peer(const struct channel *channel)
{
    (void)channel;
    return (struct pollfd){.fd = STDOUT_FILENO};
}

/* A variable's value; NULL where there is none. */
static const char *value_of(char **variables, const char *name)
{
    struct span prefix = span_str(name);
    for (char **v = variables; *v; v++)
        if (span_starts(span_str(*v), prefix))
            return *v + prefix.len;
    return NULL;
}

struct channel *cgi_channel(char **variables, struct patience patience)
{
    static struct cgi cgi;
    const char *length = value_of(variables, "CONTENT_LENGTH=");
    cgi = (struct cgi){
        .channel = {.variables = variables, .read = cgi_read, .send = cgi_send, .peer = cgi_peer},
        .patience = patience,
        .body = begin_transfer(),
    };
    /* Apache names the encoding of a chunked body that it took apart: that ends with the input. */
    if (length && *length)
        cgi.left = strtoull(length, NULL, 10);
    else if (value_of(variables, "HTTP_TRANSFER_ENCODING="))
        cgi.left = UINT64_MAX;
    return &cgi.channel;
}
