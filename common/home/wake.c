/* wake - see wake.h. */
#include "home/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

/*
 * A socket's path has 107 bytes, and a hosting account's home may need more. A path
 * through the open directory is short whatever the home's is.
 */
static int wake_address(const struct home *home, struct sockaddr_un *ret_address)
{
    char run[PATH_MAX];
    home_path(home, "run", run);
    int dir = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
    memset(ret_address, 0, sizeof *ret_address);
    ret_address->sun_family = AF_UNIX;
    snprintf(
        ret_address->sun_path, sizeof ret_address->sun_path, "/proc/self/fd/%d/wake.sock", dir);
    return dir;
}

enum err wake_send(const struct home *home)
{
    struct sockaddr_un address;
    int dir = wake_address(home, &address);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    enum err err = ERR_IO;
    if (dir >= 0 && fd >= 0) {
        ssize_t n = sendto(fd, "", 1, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address);
        if (n == 1 || errno == EAGAIN || errno == ENOBUFS)
            err = ERR_OK;
        else if (errno == ENOENT || errno == ECONNREFUSED)
            err = ERR_NOTFOUND;
    }
    if (fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
    return err;
}

int wake_listen(const struct home *home)
{
    struct sockaddr_un address;
    char path[PATH_MAX];
    home_path(home, "run/wake.sock", path);
    int dir = wake_address(home, &address);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(path); /* what a dispatcher that was killed left behind */
    if (dir < 0 || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(path, 0660) < 0) {
        log_errno("cannot make the socket %s", path);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    if (dir >= 0)
        close(dir);
    return fd;
}

void wake_close(const struct home *home, int fd)
{
    char path[PATH_MAX];
    home_path(home, "run/wake.sock", path);
    unlink(path);
    close(fd);
}

void wake_drain(int fd)
{
    char byte[16];
    while (recv(fd, byte, sizeof byte, MSG_DONTWAIT) >= 0)
        ;
}
