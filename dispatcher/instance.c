/* instance - see instance.h. */
#include "dispatcher/instance.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fresh.h"
#include "base/log.h"
#include "dispatcher/ahead.h"
#include "dispatcher/catalog.h"
#include "dispatcher/claim.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/service.h"
#include "proc/frame.h"
#include "proc/leftovers.h"
#include "proc/orphans.h"

#define READ_STEP 65536
#define SLACK_MS 5000 /* what a runner may take beyond all times that it keeps itself */

/* Starts a runner. A session of its own keeps a terminal's Ctrl-C away from it. */
static pid_t spawn(struct dispatcher *d, int fd)
{
    char *argv[] = {d->runner_path, d->home.dir, leftovers_argument(), NULL};
    char **environment = fresh_environment(leftovers_argument());
    struct fresh_program runner = {
        d->runner_path, argv, environment, {fd, STDERR_FILENO, STDERR_FILENO}};
    pid_t pid = -1;
    int rc = fresh_start(&runner, &pid);
    free(environment);
    if (rc) {
        errno = rc;
        log_errno("cannot start %s", d->runner_path);
        return -1;
    }
    return pid;
}

static void watch(struct dispatcher *d, struct instance *i, int op)
{
    struct epoll_event event = {
        .events = EPOLLIN | (i->watching_out ? EPOLLOUT : 0u), .data.ptr = i};
    (void)epoll_ctl(d->epoll_fd, op, i->fd, &event);
}

struct instance *instance_start(struct dispatcher *d, struct service *service)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        log_errno("cannot make a socket for a runner");
        return NULL;
    }
    pid_t pid = spawn(d, pair[1]);
    close(pair[1]);
    if (pid < 0) {
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
    watch(d, i, EPOLL_CTL_ADD);
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

/* Takes the newest jobs away from the runner. */
static void take_back(
    struct dispatcher *d, struct instance *i, size_t count, enum happening_kind kind)
{
    for (; count; count--)
        happening_add(&d->happenings, kind, i->service, &i->jobs[--i->job_count]);
}

/* By when a runner that may take `ms`, and then ends its processes, must have answered or gone. */
static int64_t deadline_ms(const struct dispatcher *d, int64_t ms)
{
    return clock_mono_ms() + ms + 2 * d->home.config.step_grace_seconds * 1000 + SLACK_MS;
}

/* Closes the socket. The job at hand is lost; `behind` is what becomes of the jobs behind it. */
static void hang_up(struct dispatcher *d, struct instance *i, enum happening_kind behind)
{
    if (i->job_count) {
        take_back(d, i, i->job_count - 1, behind);
        take_back(d, i, 1, HAPPENING_LOST);
    }
    i->state = INSTANCE_LEAVING;
    i->deadline_ms = deadline_ms(d, 0);
    close(i->fd); /* which also takes it out of the epoll set */
    i->fd = -1;
    forget(d, i);
}

void instance_retire(struct dispatcher *d, struct instance *instance)
{
    /* Until the runner sees that its socket is closed, it may begin with any of the jobs. */
    if (instance->fd >= 0)
        hang_up(d, instance, HAPPENING_LOST);
}

void instance_flush(struct dispatcher *d, struct instance *i)
{
    size_t sent = 0;
    while (sent < i->out.len) {
        ssize_t n = send(i->fd, i->out.data + sent, i->out.len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            break; /* that the runner is gone is heard from its socket soon */
        sent += (size_t)n;
    }
    buf_drop(&i->out, sent);
    bool waits = i->out.len > 0;
    if (waits != i->watching_out) {
        i->watching_out = waits;
        watch(d, i, EPOLL_CTL_MOD);
    }
}

static void send_version(struct instance *i, const struct version *version)
{
    for (size_t k = 0; k < i->sent_count; k++)
        if (i->sent[k] == version->number)
            return;
    struct frame_pipeline frame = {
        span_str(version->pipeline_id), version->number, buf_span(&version->definition)};
    frame_put_pipeline(&i->out, &frame);
    i->sent = mem_resize(i->sent, (i->sent_count + 1) * sizeof *i->sent);
    i->sent[i->sent_count++] = version->number;
}

/* The first of the runner's jobs comes to hand. */
static void begin_first(struct dispatcher *d, struct instance *i)
{
    i->cancelled = false;
    i->began_us = clock_mono_us();
    i->deadline_ms = deadline_ms(d, i->jobs[0].timeout_ms);
}

/* Puts a frame behind the bytes to be sent; where there are none, without copying the frame. */
static void put_frame(struct instance *i, struct buf *frame)
{
    if (i->out.len) {
        buf_add_span(&i->out, buf_span(frame));
        return;
    }
    buf_done(&i->out);
    i->out = *frame;
    *frame = BUF_INIT;
}

void instance_give(struct dispatcher *d, struct instance *instance, struct claim *claim)
{
    instance->jobs[instance->job_count++] = claim->job;
    if (instance->state == INSTANCE_IDLE)
        begin_first(d, instance);
    instance->state = INSTANCE_BUSY;
    send_version(instance, claim->version);
    put_frame(instance, &claim->frame);
}

/* Gives the runner little time to answer, however much time its job has left. */
static void hurry(struct dispatcher *d, struct instance *i)
{
    int64_t soon_ms = deadline_ms(d, 0);
    if (soon_ms < i->deadline_ms)
        i->deadline_ms = soon_ms;
}

static void recall(struct dispatcher *d, struct instance *i)
{
    if (!ahead_recall(i))
        return;
    hurry(d, i);
    instance_flush(d, i);
}

void instance_cancel(struct dispatcher *d, struct instance *instance, const struct uuid *execution)
{
    if (!uuid_eq(execution, &instance->jobs[0].execution)) {
        recall(d, instance);
        return;
    }
    instance->cancelled = true;
    hurry(d, instance);
    frame_put_cancel(&instance->out, execution);
    instance_flush(d, instance);
}

/* Takes the first job's outcome. The runner tells how long it took: a commit may have gone by. */
static void take_outcome(struct dispatcher *d, struct instance *i, struct span outcome)
{
    struct happening *h = happening_add(&d->happenings, HAPPENING_OUTCOME, i->service, &i->jobs[0]);
    buf_add_span(&h->outcome, outcome);
    ahead_learn(i->service, frame_outcome_duration_us(outcome));
    memmove(i->jobs, i->jobs + 1, --i->job_count * sizeof *i->jobs);
    if (i->job_count)
        begin_first(d, i);
}

static bool take_frame(
    struct dispatcher *d, struct instance *i, enum frame_type type, struct span body)
{
    uint32_t count;
    if (type == FRAME_OUTCOME && i->job_count) {
        take_outcome(d, i, body);
    } else if (type == FRAME_RETURNED && frame_get_returned(body, &count) && i->recalled &&
               count <= i->job_count) {
        take_back(d, i, count, HAPPENING_RETURNED);
        i->recalled = false;
        d->now.more = true; /* one of the jobs that are left may be cancelled */
        if (!i->cancelled && i->job_count)
            i->deadline_ms = deadline_ms(d, i->jobs[0].timeout_ms);
    } else {
        return false;
    }
    if (!i->job_count && !i->recalled) {
        i->state = INSTANCE_IDLE;
        i->idle_since_ms = clock_mono_ms();
    }
    return true;
}

/* Takes the whole frames that have come. False when the runner is not to be trusted any more. */
static bool take_frames(struct dispatcher *d, struct instance *i)
{
    enum frame_type type;
    struct span body;
    size_t taken, at = 0;
    bool bad = false, good = true;
    while (
        good && frame_next(span_of(i->in.data + at, i->in.len - at), &type, &body, &taken, &bad)) {
        good = take_frame(d, i, type, body);
        at += taken;
    }
    buf_drop(&i->in, at);
    return good && !bad;
}

void instance_on_socket(struct dispatcher *d, struct instance *i, uint32_t events)
{
    if (events & EPOLLOUT)
        instance_flush(d, i);
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    for (;;) {
        buf_reserve(&i->in, READ_STEP);
        ssize_t n = recv(i->fd, i->in.data + i->in.len, READ_STEP, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n > 0)
            i->in.len += (size_t)n;
        bool good = take_frames(d, i);
        if (!good)
            log_error("runner %d sent what cannot be read", (int)i->pid);
        if (n <= 0 || !good) {
            if (i->pid)
                kill(i->pid, SIGKILL);
            /* All that the runner said before its end has been read. */
            hang_up(d, i, good ? HAPPENING_RETURNED : HAPPENING_LOST);
            return;
        }
        if (n < READ_STEP)
            return;
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
        recall(d, i);
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
    return next;
}
