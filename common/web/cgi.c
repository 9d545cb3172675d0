/*
 * cgi - a channel over the one request of a plain CGI process (RFC 3875): the
 * body on standard input, the reply on standard output.
 */
#include "web/channel.h"

#include <errno.h>
#include <unistd.h>

static ssize_t cgi_read(struct channel *channel, void *buffer, size_t len)
{
    (void)channel;
    ssize_t n;
    do
        n = read(STDIN_FILENO, buffer, len);
    while (n < 0 && errno == EINTR);
    return n;
}

static void cgi_send(struct channel *channel, struct span reply)
{
    (void)channel;
    while (reply.len) {
        ssize_t n = write(STDOUT_FILENO, reply.data, reply.len);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0)
            reply = span_of(reply.data + n, reply.len - (size_t)n);
    }
}

struct channel *cgi_channel(char **variables)
{
    static struct channel channel;
    channel = (struct channel){.variables = variables, .read = cgi_read, .send = cgi_send};
    /* Apache says so when it has taken a chunked body apart; then there is an end to read to. */
    for (char **v = variables; *v; v++)
        if (span_starts(span_str(*v), span_str("HTTP_TRANSFER_ENCODING=")))
            channel.body_to_end = true;
    return &channel;
}
