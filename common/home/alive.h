#ifndef HOME_ALIVE_H
#define HOME_ALIVE_H
/*
 * alive - one dispatcher a home, and how the others know that it lives.
 *
 * The dispatcher holds a lock on run/dispatcher.lock, which the kernel takes away
 * when it dies, and touches that file now and then, which it stops doing when
 * it hangs. The lock is one of an open file description (fcntl, F_OFD_SETLK): as
 * flock, but it can be asked about without being taken.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "home/home.h"

/*
 * Takes the lock and writes this process's number into the file. The descriptor
 * (close-on-exec) holds it until it is closed or the process ends. *ret_died: the
 * last one that held it has died without alive_leave. ERR_BUSY: another process
 * has it. ERR_IO is logged.
 */
enum err alive_take(const struct home *home, int *ret_fd, bool *ret_died) MUST_CHECK;

/* Says that the holder, which is about to end, leaves everything in order. */
void alive_leave(int fd);

/* Shows that the holder still turns. No wait for the disk. */
void alive_beat(int fd);

/* Is there a dispatcher, and has it shown itself lately? */
bool alive_is(const struct home *home);

/* The number of the process that holds the lock; 0 when none does. */
pid_t alive_pid(const struct home *home);

#endif
