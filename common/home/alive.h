#ifndef HOME_ALIVE_H
#define HOME_ALIVE_H
/*
 * alive - one dispatcher a home, and how the others know that it lives.
 *
 * The dispatcher holds a lock on run/dispatcher.lock, which the kernel takes away
 * when the dispatcher dies, and touches that file now and then, which a dispatcher
 * that hangs does not. The lock is one of an open file description (fcntl,
 * F_OFD_SETLK): unlike flock, others can ask about the lock without taking it.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "home/home.h"

/*
 * Takes the lock and writes this process's number into the file. The lock is held
 * until the descriptor (close-on-exec) is closed or the process ends. *ret_died: the
 * last holder died without alive_leave. ERR_BUSY: another process holds the lock.
 * ERR_IO is logged.
 */
enum err alive_take(const struct home *home, int *ret_fd, bool *ret_died) MUST_CHECK;

/* Says that the holder, which is about to end, leaves everything in order. */
void alive_leave(int fd);

/* Shows that the holder does not hang. Never waits for the disk. */
void alive_beat(int fd);

/* Is there a dispatcher, and has it shown itself lately? */
bool alive_is(const struct home *home);

/*
 * A home whose dispatcher cron starts every minute has none in between: a dispatcher that works
 * off what waits and leaves (--once) says that it has been here, which is good for two minutes.
 */
void alive_note_once(const struct home *home);
bool alive_was_once(const struct home *home);

/* The number of the process that holds the lock; 0 when none does. */
pid_t alive_pid(const struct home *home);

/* The name of the account that process runs under, appended; its number where it has no name. */
void alive_account(pid_t pid, struct buf *out);

#endif
