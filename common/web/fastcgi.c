/*
 * fastcgi - a channel over one FastCGI connection. The only file that includes
 * fcgiapp.h.
 *
 * Connections are accepted by web/serve.c, not by libfcgi, whose accept waits
 * without a limit for a peer that sends nothing, one thread at a time. A request
 * is handed the accepted descriptor through ipcFd, which FCGX_Accept_r takes
 * when it is set: then it only reads.
 *
 * The connection is closed here as well: libfcgi would shut it down and wait for
 * the peer, three system calls more for each request, and no front end sends a
 * second request on a connection (PLATFORM.md).
 */
#include "web/channel.h"

#include <fastcgi.h>
#include <fcgiapp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

/* More than this may fill the socket's buffer and so wait for the peer. */
#define REPLY_SURE 65536
#define PEEK_MAX 16384

struct fastcgi {
    struct channel channel;
    FCGX_Request request;
    int64_t timeout_seconds;
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
 * Closes the connection, unless libfcgi has: it does when the peer failed, and
 * the number may by then be another thread's connection.
 */
static void end(struct fastcgi *f)
{
    if (f->request.ipcFd >= 0)
        close(f->request.ipcFd);
    free(f);
}

static void limit(const struct fastcgi *f, int direction)
{
    struct timeval limit = {.tv_sec = f->timeout_seconds};
    (void)setsockopt(f->request.ipcFd, SOL_SOCKET, direction, &limit, sizeof limit);
}

/* At least a byte, and what has come with it: FCGX_GetStr alone would wait for all of len. */
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

static void fastcgi_send(struct channel *channel, struct span reply)
{
    struct fastcgi *f = from_channel(channel);
    if (reply.len > REPLY_SURE) {
        about_to_wait();
        limit(f, SO_SNDTIMEO);
    }
    /* A peer that has gone away makes this fail; there is nobody left to tell. */
    (void)FCGX_PutStr((const char *)reply.data, (int)reply.len, f->request.out);
    f->request.keepConnection = 1; /* Finish must not close a good connection */
    FCGX_Finish_r(&f->request);
    end(f);
}

/*
 * Has the peer sent a whole request, so that reading it will not wait? One record
 * that begins it, then two streams, each ended by an empty record, all of the
 * same id (FastCGI 1.0, section 3.3). libfcgi skips records of another id and
 * goes on reading, so anything else counts as unfinished.
 */
static bool is_whole(int connection)
{
    static const uint8_t order[] = {FCGI_BEGIN_REQUEST, FCGI_PARAMS, FCGI_STDIN};
    const size_t stages = sizeof order;
    uint8_t bytes[PEEK_MAX];
    ssize_t n = recv(connection, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    size_t len = n < 0 ? 0 : (size_t)n, at = 0, stage = 0;
    FCGI_Header first = {0}, head;
    while (stage < stages && at + FCGI_HEADER_LEN <= len) {
        memcpy(&head, bytes + at, sizeof head);
        if (at == 0)
            first = head;
        size_t content = (size_t)head.contentLengthB1 << 8 | head.contentLengthB0;
        at += FCGI_HEADER_LEN + content + head.paddingLength;
        if (head.type != order[stage] || head.requestIdB1 != first.requestIdB1 ||
            head.requestIdB0 != first.requestIdB0)
            return false;
        if (stage == 0 || content == 0)
            stage++;
    }
    return stage == stages && at <= len;
}

struct channel *fastcgi_channel(int connection, int64_t timeout_seconds)
{
    struct fastcgi *f = mem_alloc(sizeof *f);
    FCGX_InitRequest(&f->request, -1, 0);
    f->timeout_seconds = timeout_seconds;
    f->request.ipcFd = connection;
    f->request.keepConnection = 1;
    FCGX_Detach(&f->request); /* where libfcgi closes, it does not wait for the peer */
    if (!is_whole(connection)) {
        about_to_wait();
        limit(f, SO_RCVTIMEO);
    }
    if (FCGX_Accept_r(&f->request) != 0) {
        FCGX_Free(&f->request, 0);
        end(f);
        return NULL;
    }
    f->channel = (struct channel){
        .variables = f->request.envp,
        .read = fastcgi_read,
        .send = fastcgi_send,
    };
    return &f->channel;
}
