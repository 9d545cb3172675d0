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

/* Peers that are no scripts. While its process lives, a descriptor of it stands for its number. */
static struct {
    pid_t pid;
    int pidfd;
} known[KNOWN];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_alive(int pidfd)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    return poll(&end, 1, 0) == 0;
}

/* Called with the lock held. */
static bool is_known(pid_t pid)
{
    size_t i = (size_t)pid % KNOWN;
    return known[i].pid == pid && is_alive(known[i].pidfd);
}

static void know(pid_t pid, int pidfd)
{
    size_t i = (size_t)pid % KNOWN;
    if (known[i].pid)
        close(known[i].pidfd);
    known[i].pid = pid;
    known[i].pidfd = pidfd;
}

/* One that has gone has nobody to reply to. One in another PID namespace has no number here. */
static bool is_script(pid_t pid)
{
    if (pid == 0)
        return false;
    pthread_mutex_lock(&lock);
    bool script = false;
    if (!is_known(pid)) {
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        script = pidfd < 0 || lineage_has(pid, RUNNER);
        if (!script)
            know(pid, pidfd);
        else if (pidfd >= 0)
            close(pidfd);
    }
    pthread_mutex_unlock(&lock);
    return script;
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
