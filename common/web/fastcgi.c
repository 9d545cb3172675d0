/*
 * fastcgi - a channel over one FastCGI connection. The only file that includes
 * fcgiapp.h.
 *
 * Connections are accepted by web/serve.c, not by libfcgi, whose accept waits
 * without a limit for a peer that sends nothing, one thread at a time. A request
 * is handed the accepted descriptor through ipcFd, which FCGX_Accept_r takes
 * when it is set: then it only reads.
 *
 * The reply is sent and the connection closed by web/aside.c: libfcgi would wait for a
 * peer that does not read, and shut the connection down and wait for the peer again,
 * three system calls more for each request. No front end sends a second request on a
 * connection (PLATFORM.md).
 */
#include "web/channel.h"

#include <fcgiapp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "web/aside.h"
#include "web/records.h"

struct fastcgi {
    struct channel channel;
    FCGX_Request request;
};

/* These fields are public in fcgiapp.h, below a warning: a change of them is to be noticed. */
_Static_assert(sizeof(((FCGX_Request *)0)->ipcFd) == sizeof(int) &&
                   sizeof(((FCGX_Request *)0)->keepConnection) == sizeof(int),
    "libfcgi has changed; check fastcgi.c against its FCGX_Accept_r");

bool fastcgi_is(void)
{
    return !FCGX_IsCGI();
}

static void (*about_to_wait)(void);

void fastcgi_start(void (*called)(void))
{
    about_to_wait = called;
    if (FCGX_Init() != 0)
        log_die(EXIT_RETRY, "libfcgi cannot start");
}

static struct fastcgi *from_channel(struct channel *channel)
{
    return (struct fastcgi *)channel;
}

/*
 * Closes the connection, unless libfcgi has closed it, as it does when the peer fails: the number
 * may by then be another thread's connection.
 */
static void end(struct fastcgi *f)
{
    if (f->request.ipcFd >= 0)
        close(f->request.ipcFd);
    free(f);
}

/* Reads at least a byte, and what has come with it: FCGX_GetStr alone would wait for len bytes. */
static ssize_t fastcgi_read(struct channel *channel, void *buffer, size_t len)
{
    FCGX_Stream *in = from_channel(channel)->request.in;
    char *bytes = buffer;
    int first = FCGX_GetChar(in);
    if (first == EOF)
        return FCGX_GetError(in) ? -1 : 0;
    bytes[0] = (char)first;
    size_t more = (size_t)(in->stop - in->rdNext);
    if (more > len - 1)
        more = len - 1;
    return 1 + FCGX_GetStr(bytes + 1, (int)more, in);
}

/* Sends records of our own: libfcgi would wait for a peer that does not read. */
static void fastcgi_send(struct channel *channel, struct span head, struct span body)
{
    struct fastcgi *f = from_channel(channel);
    struct buf records = BUF_INIT;
    records_add_reply(&records, f->request.requestId, head, body);
    aside_reply(f->request.ipcFd, &records);
    FCGX_Free(&f->request, 0);
    free(f);
}

/*
 * What comes behind a request is its end: the front end aborts it (FastCGI 1.0, section 5.4),
 * has closed the connection, or has shut down its side of it.
 */
static bool fastcgi_pause(struct channel *channel, unsigned us)
{
    struct pollfd peer = {.fd = from_channel(channel)->request.ipcFd, .events = POLLIN};
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
    return ppoll(&peer, 1, &time, NULL) <= 0;
}

/* Lets reads wait for the peer, but not for ever. */
static void wait_for_peer(const struct fastcgi *f, int64_t timeout_seconds)
{
    struct timeval limit = {.tv_sec = timeout_seconds};
    about_to_wait();
    (void)setsockopt(f->request.ipcFd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

struct channel *fastcgi_channel(const struct arrival *arrival, int64_t timeout_seconds)
{
    struct fastcgi *f = mem_alloc(sizeof *f);
    FCGX_InitRequest(&f->request, -1, 0);
    f->request.ipcFd = arrival->connection;
    f->request.keepConnection = 1;
    FCGX_Detach(&f->request); /* where libfcgi closes, it does not wait for the peer */
    if (arrival->waits)
        wait_for_peer(f, timeout_seconds);
    if (FCGX_Accept_r(&f->request) != 0) {
        FCGX_Free(&f->request, 0);
        end(f);
        return NULL;
    }
    f->channel = (struct channel){
        .variables = f->request.envp,
        .read = fastcgi_read,
        .send = fastcgi_send,
        .pause = fastcgi_pause,
    };
    return &f->channel;
}
