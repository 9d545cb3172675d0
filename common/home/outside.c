/* outside - see outside.h. */
#include "home/outside.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/landlock.h"
#include "base/log.h"

#define DEPTH_MAX 256     /* the home and the directories above it */
#define ENTRIES_MAX 20000 /* beside them, all together */

struct place {
    dev_t device;
    uint64_t inode;
};

struct walk {
    int rules;
    unsigned rights;
    size_t entries;
    struct place path[DEPTH_MAX]; /* the home and the directories above it */
    size_t depth;
};

/* Asks what is known of it: the server of a network file system may be away. */
static bool look(int dir, const char *name, struct statx *st)
{
    return statx(dir, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
               STATX_BASIC_STATS, st) == 0;
}

static struct place place_of(const struct statx *st)
{
    return (struct place){makedev(st->stx_dev_major, st->stx_dev_minor), st->stx_ino};
}

/* Is it, perhaps by another mount, the home or a directory above it? */
static bool is_on_path(const struct walk *w, const struct statx *st)
{
    struct place place = place_of(st);
    for (size_t i = 0; i < w->depth; i++)
        if (w->path[i].device == place.device && w->path[i].inode == place.inode)
            return true;
    return false;
}

/* Calls `each` with the path of every directory above the home, from "/" down. */
static bool for_above(
    const struct home *home, bool (*each)(const char *path, void *), void *context)
{
    char path[PATH_MAX];
    bool good = each("/", context);
    for (size_t i = 1; good && home->dir[i]; i++) {
        if (home->dir[i] != '/')
            continue;
        memcpy(path, home->dir, i);
        path[i] = 0;
        good = each(path, context);
    }
    return good;
}

static bool note_place(const char *path, void *context)
{
    struct walk *w = context;
    struct statx st;
    if (w->depth == DEPTH_MAX || !look(AT_FDCWD, path, &st))
        return false;
    w->path[w->depth++] = place_of(&st);
    return true;
}

static bool allow(struct walk *w, int dir, const char *name)
{
    struct statx st;
    bool good = true;
    int fd = w->entries++ < ENTRIES_MAX ? openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd < 0)
        return true; /* one too many, or it has just gone, or is nobody's to use */
    if (look(fd, "", &st) && !S_ISLNK(st.stx_mode) && !is_on_path(w, &st))
        good = landlock_allow(w->rules, fd, S_ISDIR(st.stx_mode), w->rights);
    close(fd);
    return good;
}

/* What is in a directory that cannot be listed stays shut. */
static bool allow_entries(const char *path, void *context)
{
    struct walk *w = context;
    bool good = true;
    DIR *dir = opendir(path);
    for (struct dirent *entry; good && dir && (entry = directory_next(dir));)
        good = allow(w, dirfd(dir), entry->d_name);
    if (dir)
        closedir(dir);
    return good;
}

bool outside_allow(const struct home *home, int rules, unsigned rights)
{
    struct walk walk = {.rules = rules, .rights = rights};
    bool good = for_above(home, note_place, &walk) && note_place(home->dir, &walk) &&
                for_above(home, allow_entries, &walk);
    if (!good)
        log_errno("cannot allow what lies outside the home");
    else if (walk.entries > ENTRIES_MAX)
        log_warn("of what lies beside %s and the directories above it, more than %d entries, the "
                 "rest stays shut to steps",
            home->dir, ENTRIES_MAX);
    return good;
}

/* The names of a directory change with its times. */
static bool add_stamp(const char *path, void *context)
{
    uint64_t *stamp = context;
    struct statx st;
    if (look(AT_FDCWD, path, &st)) {
        *stamp = *stamp * 31 + (uint64_t)st.stx_mtime.tv_sec;
        *stamp = *stamp * 31 + st.stx_mtime.tv_nsec;
    }
    return true;
}

static uint64_t stamp_of(const struct home *home)
{
    uint64_t stamp = 1;
    (void)for_above(home, add_stamp, &stamp);
    return stamp;
}

void outside_watch(struct outside *outside, const struct home *home)
{
    outside->mounts_fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
    outside->stamp = stamp_of(home);
}

bool outside_has_changed(struct outside *outside, const struct home *home)
{
    struct pollfd mounts = {.fd = outside->mounts_fd, .events = POLLPRI};
    uint64_t stamp = stamp_of(home);
    bool changed = poll(&mounts, 1, 0) > 0 || stamp != outside->stamp;
    outside->stamp = stamp;
    return changed;
}
