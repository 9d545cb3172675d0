/*
 * fault - a library that is preloaded into programs and makes their calls on files fail, as
 * tests/lib/faults.py says in a small file that all of them map (FX_FAULTS).
 *
 * A call counts when its kind and the end of its file's path are those of the orders. The
 * calls from `first` on fail, `times` of them, across all processes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { KIND_WRITE = 1, KIND_FLUSH = 2, KIND_HEAD = 4, KIND_NAME = 8 };

/* What happens to a call: an errno, or one of these. */
enum { FAULT_SHORT = 0, FAULT_KILL = -1, FAULT_CUT = -2 };

struct orders { /* faults.py has the same */
    uint32_t kinds;
    int32_t fault;
    int64_t first, times;
    _Atomic int64_t count;  /* calls so far */
    _Atomic int64_t broken; /* failed flushes of the file; with `late` */
    uint32_t late;          /* a failed flush is reported to each other open file, once */
    char end[252];          /* of the path */
};

#define FDS 1024
#define DIRTY 64

static struct orders *orders;
static int64_t told[FDS];           /* how many failed flushes each descriptor has heard of */
static char dirty[DIRTY][PATH_MAX]; /* files with bytes that no flush has followed */

#define REAL(name, ...) (((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__))

__attribute__((constructor)) static void map_orders(void)
{
    const char *path = getenv("FX_FAULTS");
    int fd = path ? REAL(open, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        orders = map;
}

static bool path_of(int fd, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    path[n > 0 ? n : 0] = 0;
    return n > 0 && path[0] == '/';
}

static bool is_meant(const char *path)
{
    size_t len = strlen(path), end = strlen(orders->end);
    return strstr(path, orders->end) &&
           (orders->end[end - 1] == '/' ||
               (len >= end && strcmp(path + len - end, orders->end) == 0));
}

/* What a power cut leaves of a file that was not flushed: its name. */
static void cut(void)
{
    for (size_t i = 0; i < DIRTY; i++)
        if (dirty[i][0])
            (void)!truncate(dirty[i], 0);
}

static void note(const char *path, bool is_dirty)
{
    char *at = NULL;
    for (size_t i = 0; i < DIRTY; i++)
        if (strcmp(dirty[i], path) == 0 || (!at && !dirty[i][0]))
            at = dirty[i];
    if (at)
        snprintf(at, PATH_MAX, "%s", is_dirty ? path : "");
}

/* Is this call to fail? Then *ret_fault says how. A killed process does not return. */
static bool fails(enum kind kind, const char *path, int *ret_fault)
{
    if (!orders || !(orders->kinds & kind) || !is_meant(path))
        return false;
    int64_t n = atomic_fetch_add(&orders->count, 1);
    if (n < orders->first || n >= orders->first + orders->times)
        return false;
    *ret_fault = orders->fault;
    if (*ret_fault == FAULT_CUT)
        cut();
    if (*ret_fault < 0)
        raise(SIGKILL);
    return true;
}

/* Is there a failed flush that this descriptor has not heard of? From now on it has. */
static bool hears_late(int fd)
{
    char path[PATH_MAX];
    if (!orders || !orders->late || fd >= FDS || !path_of(fd, path) || !is_meant(path) ||
        told[fd] >= orders->broken)
        return false;
    told[fd] = orders->broken;
    errno = EIO;
    return true;
}

/*
 * True when the call is to end with -1. Else *len is what is to be written of it. A head is a
 * write through a descriptor that flushes each write.
 */
static bool write_fails(int fd, size_t *len)
{
    char path[PATH_MAX];
    int fault;
    if (!orders || !path_of(fd, path))
        return false;
    enum kind kind = fcntl(fd, F_GETFL) & O_DSYNC ? KIND_HEAD : KIND_WRITE;
    if (is_meant(path))
        note(path, kind == KIND_WRITE);
    if (!fails(kind, path, &fault))
        return false;
    if (fault == FAULT_SHORT)
        *len /= 2;
    else
        errno = fault;
    return fault != FAULT_SHORT;
}

ssize_t write(int fd, const void *data, size_t len)
{
    return write_fails(fd, &len) ? -1 : REAL(write, fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    if (write_fails(fd, &len))
        return -1;
    ssize_t n = REAL(pwrite, fd, data, len, at);
    return n >= 0 && fcntl(fd, F_GETFL) & O_DSYNC && hears_late(fd) ? -1 : n;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    size_t len = 2;
    if (write_fails(fd, &len))
        return -1;
    return len == 1 ? REAL(write, fd, parts->iov_base, parts->iov_len / 2)
                    : REAL(writev, fd, parts, count);
}

static bool flush_fails(int fd)
{
    char path[PATH_MAX];
    int fault;
    if (!orders || !path_of(fd, path))
        return false;
    if (fails(KIND_FLUSH, path, &fault)) {
        if (fd < FDS)
            told[fd] = atomic_fetch_add(&orders->broken, 1) + 1;
        errno = fault;
        return true;
    }
    note(path, false);
    return hears_late(fd);
}

int fsync(int fd)
{
    return flush_fails(fd) ? -1 : REAL(fsync, fd);
}

int fdatasync(int fd)
{
    return flush_fails(fd) ? -1 : REAL(fdatasync, fd);
}

/* Of an open file nothing is reported that was there before it. */
static int opened(int fd)
{
    if (orders && fd >= 0 && fd < FDS)
        told[fd] = orders->broken;
    return fd;
}

static bool open_fails(const char *path, int flags)
{
    int fault;
    if (!(flags & O_CREAT) || !fails(KIND_NAME, path, &fault))
        return false;
    errno = fault;
    return true;
}

int open(const char *path, int flags, ...)
{
    __builtin_va_list args;
    __builtin_va_start(args, flags);
    mode_t mode = flags & O_CREAT ? __builtin_va_arg(args, mode_t) : 0;
    __builtin_va_end(args);
    return open_fails(path, flags) ? -1 : opened(REAL(open, path, flags, mode));
}

int rename(const char *from, const char *to)
{
    int fault;
    if (!fails(KIND_NAME, to, &fault)) {
        int rc = REAL(rename, from, to);
        for (size_t i = 0; !rc && i < DIRTY; i++)
            if (strcmp(dirty[i], from) == 0)
                snprintf(dirty[i], PATH_MAX, "%s", to);
        return rc;
    }
    errno = fault;
    return -1;
}

int mkdir(const char *path, mode_t mode)
{
    int fault;
    if (!fails(KIND_NAME, path, &fault))
        return REAL(mkdir, path, mode);
    errno = fault;
    return -1;
}

int unlink(const char *path)
{
    int fault;
    if (!fails(KIND_NAME, path, &fault))
        return REAL(unlink, path);
    errno = fault;
    return -1;
}
