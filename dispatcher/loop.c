/* loop - see loop.h. */
#include "dispatcher/loop.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/instance.h"
#include "dispatcher/service.h"
#include "dispatcher/tick.h"
#include "dispatcher/turn.h"
#include "home/alive.h"
#include "home/wake.h"
#include "proc/orphans.h"

#define EVENTS_MAX 64
#define LEAVE_MS 5000 /* how long runners that were told to go are waited for at the end */
#define STUCK_MS 1000 /* between tries while the store cannot be written */

/* What an epoll event is about: one of the dispatcher's own descriptors, or an instance. */
static char about_wake, about_signals;

static void add(struct dispatcher *d, int fd, void *about)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = about};
    if (epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        log_die(EXIT_RETRY, "cannot wait for descriptors");
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/*
 * Is there anything to do in a turn? Idle looks cost no transaction: the number
 * of the store's last commit says whether anybody has written.
 */
static bool has_work(const struct dispatcher *d)
{
    if (d->happenings.first || d->now.more || d->stuck ||
        store_last_commit(d->store) != d->now.commit ||
        earlier(d->now.due_ms, d->now.tick_ms) <= clock_wall_ms())
        return true;
    for (const struct service *s = d->services; s; s = s->next)
        if (instance_staying(s) != s->now.report.instances)
            return true;
    return false;
}

/* How long to wait: until the next thing that is due, and never longer than the timed look. */
static int timeout_ms(struct dispatcher *d, int64_t next_tend_ms)
{
    int64_t wait = d->home.config.dispatcher_look_seconds * 1000;
    if (d->stuck)
        return STUCK_MS;
    if (has_work(d))
        return 0;
    if (next_tend_ms != INT64_MAX)
        wait = earlier(wait, next_tend_ms - clock_mono_ms());
    int64_t next_ms = earlier(d->now.due_ms, d->now.tick_ms);
    if (next_ms != INT64_MAX)
        wait = earlier(wait, next_ms - clock_wall_ms());
    return wait < 0 ? 0 : (int)wait;
}

/* True when it is time to drain. */
static bool on_signals(struct dispatcher *d)
{
    struct signalfd_siginfo info;
    bool stop = false;
    while (read(d->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            instance_on_children(d);
        else
            stop = true;
    }
    return stop;
}

/* Waits once and takes in what has happened. True when a signal has asked to stop. */
static bool wait(struct dispatcher *d, int timeout)
{
    struct epoll_event events[EVENTS_MAX];
    bool children = false, stop = false;
    int n = epoll_wait(d->epoll_fd, events, EVENTS_MAX, timeout);
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr == &about_wake)
            wake_drain(d->wake_fd);
        else if (events[i].data.ptr == &about_signals)
            children = true;
        else
            instance_on_socket(d, events[i].data.ptr, events[i].events);
    }
    /* Last, since reaping may forget an instance that an event above is about. */
    if (children)
        stop = on_signals(d);
    return stop;
}

static bool is_running(const struct dispatcher *d)
{
    for (const struct service *s = d->services; s; s = s->next)
        if (s->now.running)
            return true;
    return false;
}

/* Nothing is going on and nobody is here: takes as little memory as it can. */
static void rest(struct dispatcher *d)
{
    store_rest(d->store);
    malloc_trim(0);
}

static void retire_all(struct dispatcher *d)
{
    for (struct service *s = d->services; s; s = s->next) {
        for (struct instance *i = s->instances, *next; i; i = next) {
            next = i->next;
            instance_retire(d, i);
        }
    }
}

/* What still runs is given up: pending again, for whoever comes next. No process is left behind. */
static void give_up(struct dispatcher *d)
{
    retire_all(d);
    /* When this cannot be written, the next start finds them and does the same. */
    enum err err = d->happenings.first ? turn_take(d) : ERR_OK;
    (void)err;
    int64_t now, until = clock_mono_ms() + LEAVE_MS;
    while (d->instance_count && (now = clock_mono_ms()) < until)
        (void)wait(d, (int)(until - now));
    orphans_end(0, NULL);
    alive_leave(d->lock_fd);
}

/* Now and then: shows that it turns, frees what killed readers hold on to, and minds the clock. */
static void look_around(struct dispatcher *d, int64_t *looked_ms)
{
    int64_t now = clock_mono_ms();
    if (now - *looked_ms < d->home.config.dispatcher_look_seconds * 1000)
        return;
    *looked_ms = now;
    int64_t clock_ms = clock_wall_ms() - now;
    if (d->clock_ms && clock_ms < d->clock_ms - TICK_SET_BACK_MS)
        d->now.set_back = d->now.more = true;
    d->clock_ms = clock_ms;
    alive_beat(d->lock_fd);
    store_clear_stale_readers(d->store);
}

/* Something runs, is ready, or will be due by itself. */
static bool is_busy(const struct dispatcher *d)
{
    for (const struct service *s = d->services; s; s = s->next)
        if (s->now.running || s->now.ready || (!d->once && (s->now.waiting || s->now.scale.min)))
            return true;
    return !d->once && d->now.tick_ms != INT64_MAX;
}

/*
 * May the dispatcher leave? It takes its socket away first: who commits after
 * that finds none, and starts another; who committed before is seen here.
 */
static bool may_leave(struct dispatcher *d)
{
    wake_close(&d->home, d->wake_fd);
    if (!is_busy(d) && !has_work(d))
        return true;
    d->wake_fd = wake_listen(&d->home);
    if (d->wake_fd < 0)
        log_die(EXIT_RETRY, "cannot listen again");
    add(d, d->wake_fd, &about_wake);
    return false;
}

/*
 * Is it time to leave by itself? The runners go first, while whatever comes is still
 * heard: a script that does not want to end would keep it from the next dispatcher.
 */
static bool wants_to_leave(struct dispatcher *d, int64_t *idle_since_ms)
{
    if (!d->once && !d->leave_ms)
        return false;
    int64_t now = clock_mono_ms();
    if (is_busy(d))
        *idle_since_ms = now;
    int64_t over_ms = now - *idle_since_ms - d->leave_ms;
    if (over_ms < 0 || is_busy(d) || has_work(d))
        return false;
    if (d->instance_count && over_ms < LEAVE_MS + d->home.config.step_grace_seconds * 1000) {
        retire_all(d);
        return false;
    }
    return may_leave(d);
}

static void begin_drain(struct dispatcher *d, int64_t *drained_ms)
{
    log_info("stopping: running executions have %d seconds to end",
        (int)d->home.config.dispatcher_drain_seconds);
    d->draining = true;
    *drained_ms = clock_mono_ms() + d->home.config.dispatcher_drain_seconds * 1000;
}

int loop_run(struct dispatcher *d)
{
    bool rested = false;
    int64_t drained_ms = INT64_MAX, next_tend = 0, looked_ms = INT64_MIN / 2;
    int64_t idle_since_ms = clock_mono_ms();
    int64_t stop_ms = d->max_ms ? idle_since_ms + d->max_ms : INT64_MAX;
    add(d, d->wake_fd, &about_wake);
    add(d, d->signal_fd, &about_signals);
    for (;;) {
        bool idle = false;
        if (d->draining && (!is_running(d) || clock_mono_ms() >= drained_ms)) {
            wake_close(&d->home, d->wake_fd);
            break;
        }
        if (has_work(d)) {
            if (turn_take(d) == ERR_CORRUPT || store_is_broken(d->store))
                return EXIT_RETRY;
            rested = false;
        } else {
            idle = true;
        }
        look_around(d, &looked_ms);
        next_tend = instance_tend(d);
        if (idle && !rested && !d->instance_count) {
            rest(d);
            rested = true;
        }
        if (!d->draining && wants_to_leave(d, &idle_since_ms))
            break;
        int64_t timeout = timeout_ms(d, next_tend), now = clock_mono_ms();
        if (d->draining)
            timeout = earlier(timeout, earlier(1000, drained_ms - now));
        else if (d->leave_ms)
            timeout = earlier(timeout, d->leave_ms);
        timeout = earlier(timeout, stop_ms - now);
        bool stop = wait(d, timeout < 0 ? 0 : (int)timeout) || clock_mono_ms() >= stop_ms;
        if (stop && !d->draining)
            begin_drain(d, &drained_ms);
        if (stop)
            stop_ms = INT64_MAX;
    }
    give_up(d);
    return 0;
}
