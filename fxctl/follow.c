/* follow - see follow.h. */
#include "fxctl/follow.h"

#include <poll.h>
#include <unistd.h>

#define LOOK_MS 100 /* between two looks at the number of the last commit, each for free */

bool follow_wait(struct fxctl *ctl, uint64_t seen)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    do {
        (void)poll(&out, 1, LOOK_MS);
        if (out.revents & (POLLERR | POLLHUP | POLLNVAL))
            return false;
    } while (store_last_commit(ctl->store) == seen);
    return true;
}
