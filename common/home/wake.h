#ifndef HOME_WAKE_H
#define HOME_WAKE_H
/*
 * wake - a byte in a FIFO that tells the dispatcher to look at the store now.
 *
 * Only a hint: the store is the truth, and work whose hint was lost waits for the
 * dispatcher's next timed look. Commit first, then send. A full FIFO means that the
 * dispatcher is awake already. A FIFO rather than a socket, since Landlock keeps a
 * script from opening one and not from connecting to the other.
 */
#include "base/err.h"
#include "home/home.h"

/* Sends the hint without blocking. ERR_NOTFOUND when no dispatcher listens. Thread-safe. */
enum err wake_send(const struct home *home);

/*
 * Makes the FIFO and returns its descriptor (close-on-exec, non-blocking), or
 * -1 when that failed (logged). The caller holds the dispatcher's lock.
 */
int wake_listen(const struct home *home);

/* Removes the FIFO, so that senders find no dispatcher, then closes it. */
void wake_close(const struct home *home, int fd);

/* Empties the FIFO. */
void wake_drain(int fd);

#endif
