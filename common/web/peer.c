/* peer - see peer.h. */
#include "web/peer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/lineage.h"
#include "base/log.h"

#define RUNNER "fx-runner" /* starts the scripts of steps, and what these start is below it */
#define KNOWN 64           /* peers: a web server has one process, or some */

/*
 * Peers that are no scripts. While its process lives, a descriptor of it stands for its number.
 * Every connection reads the table, and a peer comes into it once: readers do not wait for another.
 */
static struct {
    pid_t pid;
    int pidfd;
} known[KNOWN];
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static bool is_alive(int pidfd)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    return poll(&end, 1, 0) == 0;
}

static bool is_known(pid_t pid)
{
    size_t i = (size_t)pid % KNOWN;
    pthread_rwlock_rdlock(&lock);
    bool is = known[i].pid == pid && is_alive(known[i].pidfd);
    pthread_rwlock_unlock(&lock);
    return is;
}

static void know(pid_t pid, int pidfd)
{
    size_t i = (size_t)pid % KNOWN;
    pthread_rwlock_wrlock(&lock);
    if (known[i].pid)
        close(known[i].pidfd);
    known[i].pid = pid;
    known[i].pidfd = pidfd;
    pthread_rwlock_unlock(&lock);
}

/* One that has gone has nobody to reply to. One in another PID namespace has no number here. */
static bool is_script(pid_t pid)
{
    if (pid == 0 || is_known(pid))
        return false;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd >= 0 && !lineage_has(pid, RUNNER)) {
        know(pid, pidfd);
        return false;
    }
    if (pidfd >= 0)
        close(pidfd);
    return true;
}

bool peer_is_trusted(int connection)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return false;
    if (peer.uid != 0 && peer.uid != geteuid() && peer.gid != getegid())
        log_warn("refused a connection from another account");
    else if (is_script(peer.pid))
        log_warn("refused a connection from a step's script, or from one that has gone");
    else
        return true;
    return false;
}
