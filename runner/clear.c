/* clear - see clear.h. */
#include "runner/clear.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/err.h"

/*
 * What cannot be removed is a directory with something in it: its entries are removed,
 * and those that are such directories themselves are lifted up into the top one. So
 * two directories are open at a time, however deep the tree is.
 */
struct clearing {
    int top;
    size_t *budget;
    bool stuck;           /* something cannot be removed */
    unsigned long lifted; /* directories, each of which gets a name by that number */
};

/* A script may have taken its own rights to a directory away. Root needs none. */
static bool lacks_rights(void)
{
    return errno == EACCES && geteuid() != 0;
}

static int open_directory(int at, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(at, name, flags);
    if (fd < 0 && lacks_rights() && fchmodat(at, name, 0700, 0) == 0)
        fd = openat(at, name, flags);
    return fd;
}

static bool is_spared(const struct clear_spared *spared, const char *name, ino_t inode)
{
    for (; spared && spared->name; spared++)
        if (spared->inode == inode && strcmp(spared->name, name) == 0)
            return true;
    return false;
}

bool clear_is_needed(int fd, const struct clear_spared *spared)
{
    NOT_ZEROED _Alignas(struct dirent64) char bytes[1024];
    ssize_t n = lseek(fd, 0, SEEK_SET);
    bool found = n < 0;
    while (!found && (n = getdents64(fd, bytes, sizeof bytes)) > 0) {
        const struct dirent64 *entry;
        for (ssize_t at = 0; at < n; at += entry->d_reclen) {
            entry = (const struct dirent64 *)(bytes + at);
            found |= !directory_is_dots(entry->d_name) &&
                     !is_spared(spared, entry->d_name, entry->d_ino);
        }
    }
    return found || n < 0;
}

static bool is_removed(int at, const char *name)
{
    bool removed = unlinkat(at, name, 0) == 0 || unlinkat(at, name, AT_REMOVEDIR) == 0;
    if (!removed && lacks_rights() && fchmod(at, 0700) == 0)
        removed = unlinkat(at, name, 0) == 0 || unlinkat(at, name, AT_REMOVEDIR) == 0;
    return removed;
}

static void lift(struct clearing *c, int from, const char *name)
{
    char to[32];
    int rc;
    do {
        snprintf(to, sizeof to, "%lu", c->lifted++);
        rc = renameat2(from, name, c->top, to, RENAME_NOREPLACE);
        /* A directory that gets another parent is written to. */
        if (rc < 0 && lacks_rights() && fchmodat(from, name, 0700, 0) == 0)
            rc = renameat2(from, name, c->top, to, RENAME_NOREPLACE);
    } while (rc < 0 && errno == EEXIST);
    c->stuck |= rc < 0;
}

/*
 * Calls `each` with what is in the directory and not spared, as far as the budget goes. How much
 * that was.
 */
static size_t for_entries(struct clearing *c, int at, const char *name,
    const struct clear_spared *spared, void (*each)(struct clearing *c, int at, const char *name))
{
    size_t count = 0;
    int fd = open_directory(at, name);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    c->stuck |= !dir;
    for (struct dirent *entry; *c->budget && !c->stuck && (entry = directory_next(dir));) {
        if (is_spared(spared, entry->d_name, entry->d_ino))
            continue;
        each(c, fd, entry->d_name);
        --*c->budget;
        count++;
    }
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    return count;
}

static void remove_or_lift(struct clearing *c, int at, const char *name)
{
    if (!is_removed(at, name))
        lift(c, at, name);
}

/* One that is not empty even then, since it changed while it was read, is met again. */
static void remove_whole(struct clearing *c, int at, const char *name)
{
    if (is_removed(at, name))
        return;
    (void)for_entries(c, at, name, NULL, remove_or_lift);
    (void)unlinkat(at, name, AT_REMOVEDIR);
}

bool clear_directory(const char *path, size_t *budget, const struct clear_spared *spared)
{
    struct clearing c = {.top = open_directory(AT_FDCWD, path), .budget = budget};
    size_t met = 1;
    while (c.top >= 0 && met && *budget && !c.stuck)
        met = for_entries(&c, c.top, ".", spared, remove_whole);
    if (c.top >= 0)
        close(c.top);
    return c.top >= 0 && !met;
}
