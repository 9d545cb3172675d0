/* peer - see peer.h. */
#include "web/peer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/lineage.h"
#include "base/log.h"

#define RUNNER "fx-runner" /* starts the scripts of steps, and what these start is below it */
#define KNOWN 64           /* peers: a web server has one process, or some */
#define GROUPS_MAX 256     /* of a peer; one that is of more is judged by its first alone */

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

static uid_t listener; /* root where nobody else listens, who is trusted anyway */
static const struct peers *also;

void peer_begin(int listening, const struct peers *others)
{
    struct ucred socket;
    socklen_t len = sizeof socket;
    also = others;
    if (getsockopt(listening, SOL_SOCKET, SO_PEERCRED, &socket, &len) == 0)
        listener = socket.uid;
}

static bool is_good_group(gid_t group)
{
    return group == getegid() || peers_have_group(also, group);
}

/* The groups that the peer has besides its first. */
static bool has_good_group(int connection)
{
    NOT_ZEROED gid_t groups[GROUPS_MAX];
    socklen_t len = sizeof groups;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
        return false;
    for (size_t i = 0; i < len / sizeof *groups; i++)
        if (is_good_group(groups[i]))
            return true;
    return false;
}

/* Root, who has started this program or could, and those of this account come first: no more is
 * asked of the system for them. */
static bool is_friend(const struct ucred *peer, int connection)
{
    return peer->uid == 0 || peer->uid == geteuid() || peer->uid == listener ||
           is_good_group(peer->gid) || peers_have_account(also, peer->uid) ||
           has_good_group(connection);
}

bool peer_is_trusted(int connection)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return false;
    if (!is_friend(&peer, connection))
        log_warn("refused a connection from another account (%u); where the web server runs as "
                 "that one, name it in fx.conf: peers of [web]",
            (unsigned)peer.uid);
    else if (is_script(peer.pid))
        log_warn("refused a connection from a step's script, or from one that has gone");
    else
        return true;
    return false;
}
