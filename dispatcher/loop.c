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
#include "dispatcher/recover.h"
#include "dispatcher/service.h"
#include "dispatcher/tick.h"
#include "dispatcher/turn.h"
#include "home/alive.h"
#include "home/logs.h"
#include "home/wake.h"
#include "proc/orphans.h"

#define EVENTS_MAX 64
#define LEAVE_MS 5000 /* how long to wait for runners that were told to go */
#define STUCK_MS 1000 /* between turns while the store cannot be written */
/* Before a store that LMDB has given up is opened anew; doubled until it has taken a turn. */
#define REOPEN_MS 100
#define REOPEN_MAX_MS 10000
#define BEAT_MS 1000 /* between signs of life meanwhile */

/* What an epoll event is about: one of the dispatcher's own descriptors, or an instance. */
static char about_wake, about_signals;

/* The state of the loop; times are monotonic. */
struct loop {
    struct dispatcher *d;
    int64_t looked_ms;     /* when it last looked around */
    int64_t clock_ms;      /* by how much the wall clock was ahead of the other then; 0: never */
    int64_t tend_ms;       /* when the runners want to be looked at */
    int64_t idle_since_ms; /* since when there has been nothing to do */
    int64_t stop_ms;       /* when it begins to drain by itself; INT64_MAX: never */
    int64_t drain_ms;      /* while it drains: until when */
    int64_t reopen_ms;     /* how long it has waited to open the store anew; 0: the store is good */
    bool rested;           /* there is nothing to do, and memory was given back */
};

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

/* What there is to do. */

/* When something is due by itself, by the wall clock. */
static int64_t next_ms(const struct dispatcher *d)
{
    return earlier(earlier(d->now.due_ms, d->now.tick_ms), d->now.retain_ms);
}

static bool is_running(const struct dispatcher *d)
{
    for (const struct service *s = d->services; s; s = s->next)
        if (s->now.running)
            return true;
    return false;
}

/* Does anything run, is anything ready, or will anything be due by itself? */
static bool is_busy(const struct dispatcher *d)
{
    for (const struct service *s = d->services; s; s = s->next)
        if (s->now.running || (s->now.ready && !s->now.paused) ||
            (!d->once && (s->now.waiting || s->now.scale.min)))
            return true;
    return !d->once && d->now.tick_ms != INT64_MAX;
}

/* Have runners come or gone that the store does not know of? */
static bool has_to_report(const struct dispatcher *d)
{
    for (const struct service *s = d->services; s; s = s->next)
        if (instance_staying(s) != s->now.report.instances)
            return true;
    return false;
}

/*
 * Is there anything to do in a turn? Finding out costs no transaction: the number of the store's
 * last commit says whether anybody has written.
 */
static bool has_work(const struct dispatcher *d)
{
    return d->happenings.first || d->now.more || d->stuck ||
           store_last_commit(d->store) != d->now.commit || next_ms(d) <= clock_wall_ms() ||
           has_to_report(d);
}

/* Gives back memory while nothing is going on and no runner is there. */
static void rest(struct loop *l)
{
    if (!l->rested) {
        store_rest(l->d->store);
        malloc_trim(0);
    }
    l->rested = true;
}

/* Now and then: shows that it turns, frees what killed readers hold on to, and minds the clock. */
static void look_around(struct loop *l)
{
    struct dispatcher *d = l->d;
    int64_t now = clock_mono_ms(), clock_ms = clock_wall_ms() - now;
    if (now - l->looked_ms < d->home.config.dispatcher_look_seconds * 1000)
        return;
    if (l->clock_ms && clock_ms < l->clock_ms - TICK_SET_BACK_MS)
        d->now.set_back = d->now.more = true;
    l->clock_ms = clock_ms;
    l->looked_ms = now;
    alive_beat(d->lock_fd);
    store_clear_stale_readers(d->store);
}

/* Waiting. */

/* How long there is nothing to do: until the next thing is due, or the timed look. */
static int64_t quiet_ms(const struct loop *l)
{
    const struct dispatcher *d = l->d;
    if (d->stuck)
        return STUCK_MS;
    if (has_work(d))
        return 0;
    int64_t wait = next_ms(d) - clock_wall_ms();
    wait = earlier(wait, l->tend_ms - clock_mono_ms());
    return earlier(wait, d->home.config.dispatcher_look_seconds * 1000);
}

/* How long to wait: while there is nothing to do, but not beyond the end of the phase. */
static int timeout_ms(const struct loop *l)
{
    const struct dispatcher *d = l->d;
    int64_t wait = quiet_ms(l), now = clock_mono_ms();
    if (d->phase == PHASE_DRAINING)
        wait = is_running(d) ? earlier(wait, l->drain_ms - now) : 0;
    else if (d->leave_ms)
        wait = earlier(wait, d->leave_ms);
    wait = earlier(wait, l->stop_ms - now);
    return wait < 0 ? 0 : (int)wait;
}

/* What an instance goes by it reads itself, when it starts. */
static void on_hangup(struct dispatcher *d)
{
    if (home_reread(&d->home))
        return;
    logs_begin(&d->home, "dispatcher");
    log_info("the settings were read again");
}

/* True when a signal has asked to stop. */
static bool on_signals(struct dispatcher *d)
{
    struct signalfd_siginfo info;
    bool stop = false;
    while (read(d->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            instance_on_children(d);
        else if (info.ssi_signo == SIGHUP)
            on_hangup(d);
        else
            stop = true;
    }
    return stop;
}

/* Waits once and takes in what has happened. True when a signal has asked to stop. */
static bool hear(struct dispatcher *d, int timeout)
{
    struct epoll_event events[EVENTS_MAX];
    bool signals = false;
    int n = epoll_wait(d->epoll_fd, events, EVENTS_MAX, timeout);
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr == &about_wake)
            wake_drain(d->wake_fd);
        else if (events[i].data.ptr == &about_signals)
            signals = true;
        else
            instance_on_socket(d, events[i].data.ptr, events[i].events);
    }
    /* Last, since reaping may forget an instance that an event above is about. */
    return signals && on_signals(d);
}

/* Working. */

/* Hears what comes while there is no store. False when a signal has asked to stop. */
static bool wait_without_store(struct loop *l)
{
    struct dispatcher *d = l->d;
    int64_t now, until = clock_mono_ms() + l->reopen_ms;
    while ((now = clock_mono_ms()) < until) {
        alive_beat(d->lock_fd);
        if (hear(d, (int)earlier(until - now, BEAT_MS)))
            return false;
    }
    return true;
}

static void close_store(struct dispatcher *d)
{
    store_close(d->store);
    d->store = NULL;
}

/*
 * A head that could not be written makes LMDB give up the environment, though the disk may be
 * well a moment later. Runners go on meanwhile. False when a signal has asked to stop.
 */
static bool reopen(struct loop *l)
{
    struct dispatcher *d = l->d;
    for (;;) {
        close_store(d);
        l->reopen_ms = l->reopen_ms ? earlier(l->reopen_ms * 2, REOPEN_MAX_MS) : REOPEN_MS;
        if (!wait_without_store(l))
            return false;
        if (store_open(&d->home, STORE_READ_WRITE, &d->store) == ERR_OK &&
            recover_again(d) == ERR_OK) {
            log_info("the store was opened anew");
            return true;
        }
    }
}

/* Does all that is to be done. False when the store cannot be used, and a signal asks to stop. */
static bool work(struct loop *l)
{
    struct dispatcher *d = l->d;
    bool idle = !has_work(d);
    if (!idle && (turn_take(d) == ERR_CORRUPT || store_is_broken(d->store)))
        return reopen(l);
    if (!d->stuck)
        l->reopen_ms = 0;
    look_around(l);
    l->tend_ms = instance_tend(d);
    if (!idle)
        l->rested = false;
    else if (!d->instance_count)
        rest(l);
    return true;
}

/* From serving to draining to leaving. */

static void retire_all(struct dispatcher *d)
{
    for (struct service *s = d->services; s; s = s->next) {
        for (struct instance *i = s->instances, *next; i; i = next) {
            next = i->next;
            instance_retire(d, i);
        }
    }
}

static void begin_drain(struct loop *l)
{
    int64_t seconds = l->d->home.config.dispatcher_drain_seconds;
    log_info("stopping: running executions have %d %s to end", (int)seconds,
        clock_seconds(seconds * 1000));
    l->d->phase = PHASE_DRAINING;
    l->drain_ms = clock_mono_ms() + seconds * 1000;
    l->stop_ms = INT64_MAX;
}

/* Has all that ran ended, or is the time for that over? */
static bool is_drained(const struct loop *l)
{
    return !is_running(l->d) || clock_mono_ms() >= l->drain_ms;
}

/*
 * Removes the wake FIFO before the last look: who commits after that finds no FIFO, and
 * starts another dispatcher; what was committed before is seen by the look.
 */
static bool is_nobody_there(struct dispatcher *d)
{
    wake_close(&d->home, d->wake_fd);
    d->wake_fd = -1;
    if (!is_busy(d) && !has_work(d))
        return true;
    d->wake_fd = wake_listen(&d->home);
    if (d->wake_fd < 0)
        log_die(EXIT_RETRY, "cannot listen again");
    add(d, d->wake_fd, &about_wake);
    return false;
}

/*
 * Is it time to leave unasked? Runners go first, while new work is still heard: a script that
 * does not want to end would otherwise keep that work from the next dispatcher.
 */
static bool may_leave(struct loop *l)
{
    struct dispatcher *d = l->d;
    if (!d->once && !d->leave_ms)
        return false;
    int64_t now = clock_mono_ms();
    bool busy = is_busy(d);
    if (busy)
        l->idle_since_ms = now;
    int64_t over_ms = now - l->idle_since_ms - d->leave_ms;
    if (busy || over_ms < 0 || has_work(d))
        return false;
    if (d->instance_count && over_ms < LEAVE_MS + d->home.config.step_grace_seconds * 1000) {
        retire_all(d);
        return false;
    }
    return is_nobody_there(d);
}

/* Gives up what still runs: it is pending again, for the next dispatcher. Leaves no process. */
static void leave(struct dispatcher *d)
{
    d->phase = PHASE_LEAVING;
    if (d->wake_fd >= 0)
        wake_close(&d->home, d->wake_fd);
    retire_all(d);
    /* Where this cannot be written, the next dispatcher does the same at its start. */
    enum err err = d->store && d->happenings.first ? turn_take(d) : ERR_OK;
    (void)err;
    int64_t now, until = clock_mono_ms() + LEAVE_MS;
    while (d->instance_count && (now = clock_mono_ms()) < until)
        (void)hear(d, (int)(until - now));
    orphans_end(0, NULL);
    if (d->once)
        alive_note_once(&d->home);
    alive_leave(d->lock_fd);
}

int loop_run(struct dispatcher *d)
{
    int64_t now = clock_mono_ms();
    struct loop loop = {
        .d = d,
        .looked_ms = INT64_MIN / 2,
        .idle_since_ms = now,
        .stop_ms = d->max_ms ? now + d->max_ms : INT64_MAX,
    };
    add(d, d->wake_fd, &about_wake);
    add(d, d->signal_fd, &about_signals);
    while (d->phase == PHASE_SERVING || !is_drained(&loop)) {
        if (!work(&loop)) {
            leave(d);
            return EXIT_RETRY;
        }
        if (d->phase == PHASE_SERVING && may_leave(&loop))
            break;
        bool told = hear(d, timeout_ms(&loop));
        if (told)
            d->is_superseded = false; /* whoever comes after is somebody else's to start */
        bool stop = told || d->is_superseded || clock_mono_ms() >= loop.stop_ms;
        if (stop && d->phase == PHASE_SERVING)
            begin_drain(&loop);
    }
    leave(d);
    return 0;
}
