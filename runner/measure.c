/* measure - see measure.h. */
#include "runner/measure.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"

#define DEPTH_MAX 64 /* each has a descriptor while what is below is counted */
#define BLOCK 512    /* of st_blocks (stat(2)) */

struct measuring {
    int64_t left; /* bytes that may still be found; negative: there are more */
    dev_t device;
    unsigned depth;
};

static DIR *open_directory(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

static void count(struct measuring *m, const struct stat *st)
{
    int64_t bytes = (int64_t)st->st_blocks * BLOCK;
    if (!S_ISDIR(st->st_mode) && st->st_nlink > 1)
        bytes /= (int64_t)st->st_nlink;
    m->left -= bytes < MEASURE_ENTRY ? MEASURE_ENTRY : bytes;
}

static void count_entries(struct measuring *m, DIR *dir)
{
    struct stat st;
    m->depth++;
    for (struct dirent *entry; m->left >= 0 && (entry = directory_next(dir));) {
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        count(m, &st);
        bool below = S_ISDIR(st.st_mode) && st.st_dev == m->device && m->depth < DEPTH_MAX;
        DIR *next = below ? open_directory(dirfd(dir), entry->d_name) : NULL;
        if (next)
            count_entries(m, next);
    }
    m->depth--;
    closedir(dir);
}

bool measure_exceeds(int fd, int64_t bytes)
{
    struct measuring m = {.left = bytes};
    struct stat st;
    DIR *dir = fstat(fd, &st) < 0 ? NULL : open_directory(fd, ".");
    m.device = st.st_dev;
    if (dir)
        count_entries(&m, dir);
    return m.left < 0;
}
