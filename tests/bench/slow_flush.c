/*
 * slow_flush - preloaded into a program, makes every flush of its files take 2 ms longer,
 * as on the disks of many hosts. LMDB flushes twice a commit: its pages by fdatasync, and
 * its head by a write to a descriptor that was opened with O_DSYNC.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define DELAY_NS 2000000

static void delay(void)
{
    struct timespec time = {.tv_nsec = DELAY_NS};
    nanosleep(&time, NULL);
}

int fdatasync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    delay();
    return next(fd);
}

int fsync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    delay();
    return next(fd);
}

int msync(void *address, size_t len, int flags)
{
    int (*next)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "msync");
    delay();
    return next(address, len, flags);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    ssize_t (*next)(int, const void *, size_t, off_t) =
        (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    if (fcntl(fd, F_GETFL) & O_DSYNC)
        delay();
    return next(fd, bytes, len, at);
}
