/* pipe - see pipe.h. */
#include "runner/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"

#define READ_STEP 65536
#define PIPE_READS 16 /* of what a pipe can hold */

static bool make_pipe(int fds[2], int ours)
{
    if (pipe2(fds, O_CLOEXEC) < 0)
        return false;
    (void)fcntl(fds[ours], F_SETFL, O_NONBLOCK);
    return true;
}

bool pipe_from_child(int *ret_ours, int *ret_its)
{
    int fds[2] = {-1, -1};
    bool good = make_pipe(fds, 0);
    *ret_ours = fds[0];
    *ret_its = fds[1];
    return good;
}

bool pipe_to_child(int *ret_ours, int *ret_its)
{
    int fds[2] = {-1, -1};
    bool good = make_pipe(fds, 1);
    *ret_ours = fds[1];
    *ret_its = fds[0];
    return good;
}

void pipe_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool pipe_read(int *fd, pipe_sink *sink, void *context)
{
    NOT_ZEROED char bytes[READ_STEP];
    ssize_t n;
    if (*fd < 0)
        return false;
    do
        n = read(*fd, bytes, sizeof bytes);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        sink(bytes, (size_t)n, context);
    else if (n == 0 || errno != EAGAIN)
        pipe_close(fd);
    return n > 0;
}

void pipe_drain(int *fd, pipe_sink *sink, void *context)
{
    for (int i = 0; i < PIPE_READS && pipe_read(fd, sink, context); i++)
        ;
}
