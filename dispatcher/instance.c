/* instance - see instance.h. */
#include "dispatcher/instance.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fresh.h"
#include "base/log.h"
#include "dispatcher/ahead.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/link.h"
#include "dispatcher/service.h"
#include "dispatcher/successor.h"
#include "proc/frame.h"
#include "proc/leftovers.h"
#include "proc/orphans.h"

#define START_AGAIN_MS 100 /* after a runner that could not begin; doubled each time, 7 times */

/* Starts a runner. A session of its own keeps a terminal's Ctrl-C away from it. */
static pid_t spawn(struct dispatcher *d, int fd)
{
    static char frames[] = FRAMES_VERSION;
    char *argv[] = {d->runner.called, d->home.dir, leftovers_argument(), frames, NULL};
    char **environment = fresh_environment(leftovers_argument());
    struct fresh_program runner = {
        d->runner.path, argv, environment, {fd, STDERR_FILENO, STDERR_FILENO}};
    pid_t pid = -1;
    int rc = fresh_start(&runner, &pid);
    free(environment);
    if (rc) {
        errno = rc;
        log_errno("cannot start %s", d->runner.called);
        return -1;
    }
    return pid;
}

/*
 * A runner could not begin: it is of another version, or finds something wrong. The next one is
 * not started at once. Where another fx-dispatcher has been installed, that one will fit.
 */
static void fail_start(struct dispatcher *d)
{
    int64_t wait_ms = START_AGAIN_MS << (d->failed_starts < 7 ? d->failed_starts++ : 7);
    d->start_again_ms = clock_mono_ms() + wait_ms;
    if (d->phase != PHASE_SERVING || d->is_superseded)
        return;
    d->is_superseded = successor_is_there();
    if (d->is_superseded)
        log_info("another fx-dispatcher is installed: this one makes way for it");
}

struct instance *instance_start(struct dispatcher *d, struct service *service)
{
    int pair[2];
    if (clock_mono_ms() < d->start_again_ms)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        log_errno("cannot make a socket for a runner");
        return NULL;
    }
    pid_t pid = spawn(d, pair[1]);
    close(pair[1]);
    if (pid < 0) {
        fail_start(d);
        close(pair[0]);
        return NULL;
    }
    struct instance *i = mem_alloc(sizeof *i);
    i->service = service;
    i->pid = pid;
    i->fd = pair[0];
    i->idle_since_ms = clock_mono_ms();
    i->next = service->instances;
    service->instances = i;
    service->instance_count++;
    d->instance_count++;
    link_watch(d, i, EPOLL_CTL_ADD);
    return i;
}

uint32_t instance_staying(const struct service *service)
{
    uint32_t staying = 0;
    for (const struct instance *i = service->instances; i; i = i->next)
        staying += i->state != INSTANCE_LEAVING;
    return staying;
}

/* Forgets an instance that is neither connected nor a child any more, so that its place is free. */
static void forget(struct dispatcher *d, struct instance *gone)
{
    if (gone->fd >= 0 || gone->pid)
        return;
    struct instance **at = &gone->service->instances;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    gone->service->instance_count--;
    d->instance_count--;
    buf_done(&gone->in);
    buf_done(&gone->out);
    free(gone->sent);
    free(gone);
    d->now.more = true;
}

/* Closes the socket. What becomes of the job at hand, and of the jobs behind it? */
static void hang_up(struct dispatcher *d, struct instance *i, enum happening_kind at_hand,
    enum happening_kind behind)
{
    if (i->job_count) {
        link_take_back(d, i, i->job_count - 1, behind);
        link_take_back(d, i, 1, at_hand);
    }
    i->state = INSTANCE_LEAVING;
    i->deadline_ms = link_deadline_ms(d, 0);
    close(i->fd); /* which also takes it out of the epoll set */
    i->fd = -1;
    forget(d, i);
}

void instance_retire(struct dispatcher *d, struct instance *instance)
{
    /* Until the runner sees that its socket is closed, it may begin with any of the jobs. */
    if (instance->fd >= 0)
        hang_up(d, instance, HAPPENING_LOST, HAPPENING_LOST);
}

void instance_on_socket(struct dispatcher *d, struct instance *instance, uint32_t events)
{
    if (events & EPOLLOUT)
        link_flush(d, instance);
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    enum link_state state = link_hear(d, instance);
    if (state == LINK_OPEN)
        return;
    if (instance->pid)
        kill(instance->pid, SIGKILL);
    /*
     * A runner says that it is ready before it begins a job, and tells the outcome of a job
     * before it begins the next one: when all it has said is taken, no other has begun.
     */
    if (state == LINK_BAD) {
        hang_up(d, instance, HAPPENING_LOST, HAPPENING_LOST);
    } else if (instance->ready) {
        hang_up(d, instance, HAPPENING_LOST, HAPPENING_RETURNED);
    } else {
        log_warn("a runner could not begin; what it was given waits");
        fail_start(d);
        hang_up(d, instance, HAPPENING_UNSTARTED, HAPPENING_UNSTARTED);
    }
}

static struct instance *find(struct dispatcher *d, pid_t pid)
{
    for (struct service *s = d->services; s; s = s->next)
        for (struct instance *i = s->instances; i; i = i->next)
            if (i->pid == pid)
                return i;
    return NULL;
}

static bool is_runner(pid_t pid, void *context)
{
    return find(context, pid) != NULL;
}

/*
 * Reaps children. The dispatcher is also handed the processes that a killed runner has left
 * (main.c makes it their reaper): they belong to nobody, and are killed.
 */
void instance_on_children(struct dispatcher *d)
{
    int status;
    bool orphans = false;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct instance *i = find(d, pid);
        orphans |= !i || WIFSIGNALED(status);
        if (!i)
            continue;
        if (WIFSIGNALED(status))
            log_warn("runner %d was killed by signal %d", (int)pid, WTERMSIG(status));
        else if (WEXITSTATUS(status) != 0)
            log_warn("runner %d ended with %d", (int)pid, WEXITSTATUS(status));
        i->pid = 0;
        forget(d, i);
    }
    if (orphans)
        orphans_kill(is_runner, d);
}

/* The runner that has been idle longest, if it may go; if not, *ret_next says when it may. */
static struct instance *to_retire(struct service *s, int64_t now, int64_t *ret_next)
{
    int64_t timeout = s->now.live ? s->now.scale.idle_timeout_ms : 0;
    struct instance *oldest = NULL;
    for (struct instance *i = s->instances; i; i = i->next)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): an instance leaves the list first */
        if (i->state == INSTANCE_IDLE && (!oldest || i->idle_since_ms < oldest->idle_since_ms))
            oldest = i;
    if (!oldest || (s->now.live && instance_staying(s) <= s->now.scale.min))
        return NULL;
    if (oldest->idle_since_ms + timeout > now) {
        if (oldest->idle_since_ms + timeout < *ret_next)
            *ret_next = oldest->idle_since_ms + timeout;
        return NULL;
    }
    return oldest;
}

/* Recalls the jobs behind one that takes long, for other runners. */
static void recall_late(struct dispatcher *d, struct service *s, int64_t now, int64_t *ret_next)
{
    for (struct instance *i = s->instances; i; i = i->next) {
        if (!ahead_is_late(i, now, ret_next))
            continue;
        ahead_slow_down(s);
        link_recall(d, i);
    }
}

/* Runners keep their times themselves, also when they are to leave. One that does not hangs. */
static void kill_hanging(struct service *s, int64_t now, int64_t *ret_next)
{
    for (struct instance *i = s->instances; i; i = i->next) {
        if (i->state == INSTANCE_IDLE || !i->pid)
            continue;
        if (i->deadline_ms <= now) {
            log_warn("runner %d does not answer; killing it", (int)i->pid);
            kill(i->pid, SIGKILL); /* the job at hand becomes another attempt */
            i->deadline_ms = INT64_MAX;
        } else if (i->deadline_ms < *ret_next) {
            *ret_next = i->deadline_ms;
        }
    }
}

int64_t instance_tend(struct dispatcher *d)
{
    int64_t now = clock_mono_ms(), next = INT64_MAX;
    for (struct service *s = d->services; s; s = s->next) {
        kill_hanging(s, now, &next);
        recall_late(d, s, now, &next);
        for (struct instance *i; (i = to_retire(s, now, &next));)
            instance_retire(d, i);
        while (s->now.live && d->phase == PHASE_SERVING && !d->once &&
               s->instance_count < s->now.scale.min &&
               d->instance_count < d->home.config.dispatcher_instances)
            if (!instance_start(d, s))
                break;
    }
    if (d->failed_starts && d->start_again_ms > now && d->start_again_ms < next)
        next = d->start_again_ms;
    return next;
}
