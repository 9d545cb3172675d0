/* rotate - see rotate.h. */
#include "base/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(const struct rotate *file)
{
    return open(file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0660);
}

/* Has the file no room for so many bytes? One that was removed has none. */
static bool is_full(const struct rotate *file, int fd, size_t len)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           (st.st_nlink == 0 || (st.st_size > 0 && st.st_size + (int64_t)len > file->bytes));
}

static bool has_its_name(const struct rotate *file, int fd)
{
    struct stat named, open;
    return stat(file->path, &named) == 0 && fstat(fd, &open) == 0 && named.st_ino == open.st_ino &&
           named.st_dev == open.st_dev;
}

/* The name of the file kept as number n; 0 is the one that is written. */
static void name_of(const struct rotate *file, int n, char ret_path[PATH_MAX])
{
    int len = snprintf(ret_path, PATH_MAX, n ? "%s.%d" : "%s", file->path, n);
    if (len < 0 || len >= PATH_MAX)
        ret_path[0] = 0;
}

/* Moves each file on by a number. A file that cannot be renamed is emptied. */
static void move_on(const struct rotate *file, int fd)
{
    char from[PATH_MAX], to[PATH_MAX];
    bool renamed = false;
    for (int n = file->files; n > 0; n--) {
        name_of(file, n - 1, from);
        name_of(file, n, to);
        renamed = rename(from, to) == 0;
    }
    if (!renamed)
        (void)!ftruncate(fd, 0);
}

/*
 * Of those who find the file full one moves it on, and who comes later finds another file under
 * its name. The lock is for a descriptor of its own: processes that have inherited theirs from
 * each other would share the lock as well.
 */
static void turn_over(const struct rotate *file, size_t len)
{
    int fd = open_file(file);
    if (fd < 0)
        return;
    bool held = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (held && is_full(file, fd, len) && has_its_name(file, fd))
        move_on(file, fd);
    close(fd);
}

static bool open_as(const struct rotate *file, int fd)
{
    int opened = open_file(file);
    if (opened < 0)
        return false;
    bool taken = opened == fd || dup2(opened, fd) >= 0;
    if (opened != fd)
        close(opened);
    return taken;
}

bool rotate_open(const struct rotate *file, int fd)
{
    turn_over(file, 0);
    return open_as(file, fd);
}

void rotate_append(const struct rotate *file, int fd, const char *lines, size_t len)
{
    if (is_full(file, fd, len)) {
        turn_over(file, len);
        if (!open_as(file, fd))
            return;
    }
    (void)!write(fd, lines, len);
}
