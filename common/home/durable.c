/* durable - see durable.h. */
#include "home/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Closes a descriptor; errno stays as it is. */
static bool close_after(int fd, bool good)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return good;
}

bool durable_flush(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return close_after(fd, fd >= 0 && fsync(fd) == 0);
}

bool durable_flush_around(const char *path)
{
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s", path);
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        dir[--len] = 0;
    char *slash = strrchr(dir, '/');
    if (!slash)
        return durable_flush(".");
    slash[slash == dir] = 0; /* the root keeps its slash */
    return durable_flush(dir);
}

bool durable_rename(const char *from, const char *to)
{
    return durable_flush(from) && rename(from, to) == 0 && durable_flush_around(to);
}

/* A write that takes a part has met a full disk, which the next write tells. */
static bool write_all(int fd, struct span content)
{
    for (size_t done = 0; done < content.len;) {
        ssize_t n = write(fd, content.data + done, content.len - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Gives the file the owner, the group and the mode of the one that it is to replace. */
static bool take_after(int fd, const char *path)
{
    struct stat old, new;
    if (stat(path, &old) < 0)
        return errno == ENOENT;
    return fstat(fd, &new) == 0 &&
           ((old.st_uid == new.st_uid &&old.st_gid == new.st_gid) ||
               fchown(fd, old.st_uid, old.st_gid) == 0) &&
           fchmod(fd, old.st_mode & 07777) == 0;
}

bool durable_write(const char *path, mode_t mode, struct span content)
{
    char aside[PATH_MAX];
    if (snprintf(aside, sizeof aside, "%s%s", path, DURABLE_ASIDE) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void)unlink(aside); /* what a cut has left may have another mode */
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool written = close_after(fd, fd >= 0 && take_after(fd, path) && write_all(fd, content));
    if (written && durable_rename(aside, path))
        return true;
    int error = errno;
    (void)unlink(aside);
    errno = error;
    return false;
}
