/*
 * cgi - a channel over the one request of a plain CGI process (RFC 3875): the
 * body on standard input, the reply on standard output.
 */
#include "web/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct cgi {
    struct channel channel;
    uint64_t left; /* of the body; standard input need not end with it */
    int timeout_ms;
};

/* Has standard input anything to read, or ended, in time? */
static bool has_input(const struct cgi *cgi)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int n;
    do
        n = poll(&input, 1, cgi->timeout_ms);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

static ssize_t cgi_read(struct channel *channel, void *buffer, size_t len)
{
    struct cgi *cgi = (struct cgi *)channel;
    ssize_t n;
    if (len > cgi->left)
        len = cgi->left;
    if (!len)
        return 0;
    if (!has_input(cgi))
        return -1;
    do
        n = read(STDIN_FILENO, buffer, len);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        cgi->left -= (uint64_t)n;
    return n;
}

/* False when nobody reads any more. */
static bool write_all(struct span text)
{
    while (text.len) {
        ssize_t n = write(STDOUT_FILENO, text.data, text.len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            text = span_of(text.data + n, text.len - (size_t)n);
    }
    return true;
}

static void cgi_send(struct channel *channel, struct span head, struct span body)
{
    (void)channel;
    if (write_all(head))
        (void)write_all(body);
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

struct channel *cgi_channel(char **variables, int64_t timeout_seconds)
{
    static struct cgi cgi;
    const char *length = value_of(variables, "CONTENT_LENGTH=");
    cgi = (struct cgi){
        .channel = {.variables = variables, .read = cgi_read, .send = cgi_send, .peer = cgi_peer},
        .timeout_ms = (int)timeout_seconds * 1000,
    };
    /* Apache names the encoding of a chunked body that it took apart: that ends with the input. */
    if (length && *length)
        cgi.left = strtoull(length, NULL, 10);
    else if (value_of(variables, "HTTP_TRANSFER_ENCODING="))
        cgi.left = UINT64_MAX;
    return &cgi.channel;
}
