/* shared - see shared.h. */
#include "home/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/*
 * The maps of this process. Where a page of one has no block on a full disk, or its file was cut
 * short by somebody, using that page is SIGBUS. Looking at the file first would not do: it can
 * be cut short between the look and the use.
 */
static struct shared *maps;
static struct sigaction before; /* what SIGBUS did before */

static void *map_private(const struct shared *shared)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (shared->map ? MAP_FIXED : 0);
    return mmap(shared->map, shared->bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
}

static struct shared *map_around(uintptr_t address)
{
    struct shared *map = maps;
    while (map && address - (uintptr_t)map->map >= map->bytes)
        map = map->next;
    return map;
}

/* Puts memory of this process in place of the map. Any other fault ends the process as ever. */
static void on_bus_error(int signal, siginfo_t *info, void *context)
{
    struct shared *map = map_around((uintptr_t)info->si_addr);
    int error = errno;
    (void)context;
    if (map && map_private(map) != MAP_FAILED)
        atomic_store(&map->lost, true);
    else
        sigaction(signal, &before, NULL); /* the fault comes again as soon as this returns */
    errno = error;
}

static void watch(struct shared *shared, void *map)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    bool first = !maps, watched = shared->map;
    shared->map = map;
    if (watched)
        return; /* it is opened again */
    shared->next = maps;
    maps = shared;
    if (first)
        sigaction(SIGBUS, &action, &before);
}

/* Blocks for all of it. Where a file system gives none ahead, there is no more to be had. */
static bool has_blocks(int fd, size_t bytes)
{
    return fallocate(fd, 0, 0, (off_t)bytes) == 0 || errno == EOPNOTSUPP;
}

static void *map_file(const struct shared *shared, int fd)
{
    if (fd < 0 || ftruncate(fd, (off_t)shared->bytes) < 0 || !has_blocks(fd, shared->bytes))
        return MAP_FAILED;
    return mmap(NULL, shared->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

void *shared_open(struct shared *shared, const struct home *home)
{
    char path[PATH_MAX];
    home_path(home, shared->name, path);
    mode_t old = umask(007);
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0660);
    umask(old);
    void *map = map_file(shared, fd);
    if (map == MAP_FAILED) {
        log_errno("cannot use %s in %s; this program keeps %s for itself", shared->name, home->dir,
            shared->what);
        map = map_private(shared);
    }
    if (fd >= 0)
        close(fd);
    if (map == MAP_FAILED) {
        log_errno("there is no memory for %s", shared->what);
        return NULL;
    }
    watch(shared, map);
    return map;
}

void shared_tell_loss(struct shared *shared)
{
    if (atomic_load_explicit(&shared->lost, memory_order_relaxed) &&
        atomic_exchange(&shared->lost, false))
        log_warn("%s was cut short, or its disk is full; this program keeps %s for itself until it "
                 "is started again",
            shared->name, shared->what);
}
