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
 * second request on a connection (platform.md, 1.7).
 */
#include "web/channel.h"

#include <fcgiapp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

struct fastcgi {
    struct channel channel;
    FCGX_Request request;
    int connection;
};

/* The fields used here are public in fcgiapp.h but stand below a warning: notice when they change.
 */
_Static_assert(sizeof(((FCGX_Request *)0)->ipcFd) == sizeof(int) &&
                   sizeof(((FCGX_Request *)0)->keepConnection) == sizeof(int),
    "libfcgi has changed; check fastcgi.c against its FCGX_Accept_r");

bool fastcgi_is(void)
{
    return !FCGX_IsCGI();
}

void fastcgi_start(void)
{
    if (FCGX_Init() != 0)
        log_die(EXIT_RETRY, "libfcgi cannot start");
}

static struct fastcgi *from_channel(struct channel *channel)
{
    return (struct fastcgi *)channel;
}

/* Ends the request and the connection. Finish must not close it: keepConnection tells it so. */
static void end(struct fastcgi *f)
{
    f->request.keepConnection = 1;
    FCGX_Finish_r(&f->request);
    close(f->connection);
    free(f);
}

static ssize_t fastcgi_read(struct channel *channel, void *buffer, size_t len)
{
    struct fastcgi *f = from_channel(channel);
    int n = FCGX_GetStr(buffer, (int)len, f->request.in);
    return n == 0 && FCGX_GetError(f->request.in) ? -1 : n;
}

static void fastcgi_send(struct channel *channel, struct span reply)
{
    struct fastcgi *f = from_channel(channel);
    /* A peer that has gone away makes this fail; there is nobody left to tell. */
    (void)FCGX_PutStr((const char *)reply.data, (int)reply.len, f->request.out);
    end(f);
}

struct channel *fastcgi_channel(int connection)
{
    struct fastcgi *f = calloc(1, sizeof *f);
    if (!f)
        log_die(EXIT_RETRY, "out of memory");
    FCGX_InitRequest(&f->request, -1, 0);
    f->connection = connection;
    f->request.ipcFd = connection;
    f->request.keepConnection = 1;
    if (FCGX_Accept_r(&f->request) != 0) {
        f->request.ipcFd = -1;
        FCGX_Free(&f->request, 0);
        close(connection);
        free(f);
        return NULL;
    }
    f->channel = (struct channel){
        .variables = f->request.envp,
        .read = fastcgi_read,
        .send = fastcgi_send,
        .body_to_end = true,
    };
    return &f->channel;
}
