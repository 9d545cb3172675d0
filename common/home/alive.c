/* alive - see alive.h. */
#include "home/alive.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define ONCE_SECONDS 120 /* for so long one that was here once need not be here again */
#define BEATS_MISSED 3   /* a holder that has missed so many looks is taken to hang */

static const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

static int open_lock(const struct home *home, int flags)
{
    char path[PATH_MAX];
    home_path(home, "run/dispatcher.lock", path);
    mode_t old = umask(007);
    int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0660);
    umask(old);
    return fd;
}

enum err alive_take(const struct home *home, int *ret_fd, bool *ret_died)
{
    struct flock lock = whole;
    char text[32];
    int fd = open_lock(home, O_RDWR | O_CREAT);
    if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        bool busy = fd >= 0 && (errno == EAGAIN || errno == EACCES);
        if (!busy)
            log_errno("cannot lock run/dispatcher.lock in %s (fxctl --home %s doctor says why, and "
                      "what mends it)",
                home->dir, home->dir);
        if (fd >= 0)
            close(fd);
        return busy ? ERR_BUSY : ERR_IO;
    }
    *ret_died = pread(fd, text, 1, 0) == 1; /* the last holder has left its number */
    int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
        log_errno("cannot write run/dispatcher.lock in %s", home->dir);
    *ret_fd = fd;
    return ERR_OK;
}

void alive_leave(int fd)
{
    (void)!ftruncate(fd, 0);
}

void alive_beat(int fd)
{
    (void)futimens(fd, NULL);
}

/* True when somebody holds the lock of this open file. */
static bool is_held(int fd)
{
    struct flock lock = whole;
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool alive_is(const struct home *home)
{
    struct stat st;
    int fd = open_lock(home, O_RDONLY);
    if (fd < 0)
        return false;
    bool alive = is_held(fd) && fstat(fd, &st) == 0 &&
                 clock_wall_ms() - (int64_t)st.st_mtim.tv_sec * 1000 <=
                     (home->config.dispatcher_look_seconds * BEATS_MISSED + 1) * 1000;
    close(fd);
    return alive;
}

static void once_path(const struct home *home, char ret_path[PATH_MAX])
{
    home_path(home, "run/once", ret_path);
}

void alive_note_once(const struct home *home)
{
    char path[PATH_MAX];
    once_path(home, path);
    mode_t old = umask(007);
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0660);
    umask(old);
    if (fd < 0)
        return;
    (void)futimens(fd, NULL);
    close(fd);
}

bool alive_was_once(const struct home *home)
{
    char path[PATH_MAX];
    struct stat st;
    once_path(home, path);
    return stat(path, &st) == 0 &&
           llabs(clock_wall_ms() / 1000 - (int64_t)st.st_mtim.tv_sec) <= ONCE_SECONDS;
}

void alive_account(pid_t pid, struct buf *out)
{
    char path[64], line[256];
    unsigned uid;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "Uid: %*u %u", &uid) != 1)
            continue;
        const struct passwd *user = getpwuid(uid);
        user ? buf_add_str(out, user->pw_name) : buf_printf(out, "%u", uid);
    }
    if (file)
        fclose(file);
}

pid_t alive_pid(const struct home *home)
{
    char text[32] = "";
    int fd = open_lock(home, O_RDONLY);
    if (fd < 0)
        return 0;
    bool held = is_held(fd) && pread(fd, text, sizeof text - 1, 0) > 0;
    close(fd);
    return held ? (pid_t)atol(text) : 0;
}
