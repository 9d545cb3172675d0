/* wake - see wake.h. */
#include "home/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define NAME "run/wake"

/* Between opening and writing the dispatcher may end: the signal that means this stays away. */
static ssize_t write_quietly(int fd)
{
    static const struct timespec at_once;
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t n = write(fd, "", 1);
    int error = errno;
    if (n < 0 && error == EPIPE && !sigismember(&before, SIGPIPE) && sigpending(&pending) == 0 &&
        sigismember(&pending, SIGPIPE))
        (void)sigtimedwait(&pipe, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return n;
}

enum err wake_send(const struct home *home)
{
    char path[PATH_MAX];
    home_path(home, NAME, path);
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENXIO ? ERR_NOTFOUND : ERR_IO;
    enum err err = ERR_OK;
    if (write_quietly(fd) < 0 && errno != EAGAIN)
        err = errno == EPIPE ? ERR_NOTFOUND : ERR_IO;
    close(fd);
    return err;
}

/* Open for writing too, so that the FIFO is not at its end whenever a sender closes it. */
int wake_listen(const struct home *home)
{
    char path[PATH_MAX];
    home_path(home, NAME, path);
    unlink(path); /* what a dispatcher that was killed left behind */
    int fd = -1;
    if (mkfifo(path, 0600) == 0 && chmod(path, 0660) == 0)
        fd = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        log_errno("cannot make the FIFO %s", path);
    return fd;
}

void wake_close(const struct home *home, int fd)
{
    char path[PATH_MAX];
    home_path(home, NAME, path);
    unlink(path);
    close(fd);
}

void wake_drain(int fd)
{
    char bytes[4096];
    while (read(fd, bytes, sizeof bytes) > 0)
        ;
}
