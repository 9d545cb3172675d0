/* worker - see worker.h. */
#include "runner/worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "runner/link.h"
#include "runner/live.h"
#include "runner/pipe.h"
#include "runner/remains.h"

/* Each of 64 KiB at most, after an answer. A process that never stops writing is not waited for. */
#define LOG_READS 64

bool worker_start(struct worker *worker, struct child_spec *spec, bool keeps_log, int *ret_error)
{
    int in_fd = -1, out_fd = -1, log_fd = -1;
    *worker = (struct worker){.in_fd = -1, .out_fd = -1, .log_fd = -1};
    worker->leftover_ms = spec->limits ? spec->limits->step_leftover_ms : 0;
    bool good = pipe_to_child(&worker->in_fd, &in_fd) &&
                pipe_from_child(&worker->out_fd, &out_fd) &&
                (!keeps_log || pipe_from_child(&worker->log_fd, &log_fd));
    *ret_error = errno;
    spec->fds[0] = in_fd;
    spec->fds[1] = out_fd;
    spec->fds[2] = keeps_log ? log_fd : STDERR_FILENO;
    spec->fd_count = 3;
    spec->lasting = true;
    worker->running = good && child_start(spec, &worker->child, ret_error);
    pipe_close(&in_fd);
    pipe_close(&out_fd);
    pipe_close(&log_fd);
    if (!worker->running) {
        pipe_close(&worker->in_fd);
        pipe_close(&worker->out_fd);
        pipe_close(&worker->log_fd);
    }
    return worker->running;
}

/* Has the process left a part of a question unread? It would take that for the next question. */
static bool has_unread(int in_fd)
{
    int bytes;
    return ioctl(in_fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

bool worker_is_ready(struct worker *worker)
{
    struct pollfd fds[] = {
        {.fd = worker->child.pidfd, .events = POLLIN}, {.fd = worker->out_fd, .events = POLLIN}};
    return worker->running && !worker->out.len && worker->in_fd >= 0 && worker->out_fd >= 0 &&
           poll(fds, 2, 0) == 0 && !has_unread(worker->in_fd);
}

/* A question on its way. */
struct asking {
    struct worker *worker;
    const struct question *question;
    struct span unsent;
    enum worker_word word; /* WORKER_ANSWERED unless the process is being stopped */
    bool untouched;        /* nothing that was sent had been read when the other end closed */
    bool answered, gone;   /* the dispatcher */
    bool has_log;          /* there was some at the last look */
    int64_t signal_ms;     /* when the next signal is due */
};

static bool is_untouched(const struct asking *a)
{
    int unread;
    size_t sent = a->question->bytes.len - a->unsent.len;
    return ioctl(a->worker->in_fd, FIONREAD, &unread) == 0 && (size_t)unread == sent;
}

static void send_more(struct asking *a)
{
    ssize_t n = write(a->worker->in_fd, a->unsent.data, a->unsent.len);
    if (n >= 0) {
        a->unsent = span_of(a->unsent.data + n, a->unsent.len - (size_t)n);
    } else if (errno != EAGAIN && errno != EINTR) {
        /* The process reads no more, but may have something to say. */
        a->untouched = is_untouched(a);
        a->unsent = SPAN_NONE;
        pipe_close(&a->worker->in_fd);
    }
}

/* An answer that comes while the process is being stopped is for the asker to judge. */
static void hear_answer(const void *bytes, size_t len, void *context)
{
    struct asking *a = context;
    struct buf *out = &a->worker->out;
    if (a->answered || out->len > a->question->answer_max)
        return;
    buf_add(out, bytes, len);
    a->answered = a->question->is_whole(out);
    if (!a->answered && out->len > a->question->answer_max && a->word == WORKER_ANSWERED) {
        a->word = WORKER_ENDLESS;
        a->signal_ms = clock_mono_ms();
    }
}

static void hear_log(const void *bytes, size_t len, void *context)
{
    struct asking *a = context;
    if (a->question->log)
        tail_add(a->question->log, bytes, len);
}

/* A cancelled script may tidy up. Once the dispatcher is gone, another may ask the same. */
static bool hear_interruption(void *context)
{
    struct asking *a = context;
    enum link_word said = link_look();
    if (said == LINK_GONE) {
        a->gone = true;
        a->signal_ms = INT64_MAX;
        child_kill(&a->worker->child);
    } else if (said == LINK_CANCEL && !a->worker->child.stopping) {
        a->signal_ms = clock_mono_ms();
    }
    if (said != LINK_NOTHING)
        a->word = WORKER_INTERRUPTED;
    return said != LINK_NOTHING;
}

/* A process that fills the disk is given no time to tidy up. */
static void check_room(struct asking *a, int64_t now_ms)
{
    if (a->signal_ms == INT64_MAX || !room_is_overfull(a->question->room, now_ms))
        return;
    if (a->word == WORKER_ANSWERED)
        a->word = WORKER_OVERFULL;
    a->signal_ms = INT64_MAX;
    child_kill(&a->worker->child);
}

/*
 * Signals what is due, or waits once and takes what came. True when the process has ended.
 * poll looks at one after the other, so where it finds an answer it finds the log as well that
 * was written before that.
 */
static bool watch_once(struct asking *a)
{
    struct worker *w = a->worker;
    struct pollfd fds[] = {
        {.fd = w->child.pidfd, .events = POLLIN},
        {.fd = w->out_fd, .events = POLLIN},
        {.fd = w->log_fd, .events = POLLIN},
        {.fd = a->gone ? -1 : LINK_FD, .events = POLLIN},
        {.fd = a->unsent.len ? w->in_fd : -1, .events = POLLOUT},
    };
    int64_t now_ms = clock_mono_ms();
    check_room(a, now_ms);
    if (a->signal_ms <= now_ms) {
        if (a->word == WORKER_ANSWERED)
            a->word = WORKER_SILENT;
        a->signal_ms = child_stop(&w->child, a->question->grace_ms);
        return false;
    }
    int64_t until_ms = live_tell(a->question->live, a->question->log, now_ms, a->signal_ms);
    if (poll(fds, 5, room_wait_ms(a->question->room, now_ms, until_ms)) <= 0)
        return false;
    if (fds[3].revents)
        (void)hear_interruption(a);
    if (fds[4].revents)
        send_more(a);
    if (fds[1].revents)
        pipe_read(&w->out_fd, hear_answer, a);
    a->has_log = fds[2].revents;
    if (a->has_log)
        pipe_read(&w->log_fd, hear_log, a);
    return fds[0].revents;
}

/* After KILL nobody is given time, and a question that has time left has no more than that. */
static void hear_remains(struct asking *a)
{
    struct worker *w = a->worker;
    struct remains remains = {
        {{&w->out_fd, hear_answer}, {&w->log_fd, hear_log}}, a, hear_interruption};
    int64_t until_ms = clock_mono_ms() + w->leftover_ms;
    if (a->signal_ms != INT64_MAX)
        remains_hear(&remains, until_ms < a->signal_ms ? until_ms : a->signal_ms);
}

/* Takes what the process wrote before it ended, which may be the answer. */
static void finish(struct asking *a)
{
    struct worker *w = a->worker;
    struct buf names = BUF_INIT;
    if (w->in_fd >= 0)
        a->untouched = is_untouched(a);
    hear_remains(a);
    child_finish(&w->child, a->gone ? NULL : &names);
    w->running = false;
    pipe_drain(&w->out_fd, hear_answer, a);
    pipe_drain(&w->log_fd, hear_log, a);
    if (names.len && a->question->log)
        tail_note(a->question->log, "killed what the script had left running: ", buf_span(&names));
    buf_done(&names);
    pipe_close(&w->in_fd);
    pipe_close(&w->out_fd);
    pipe_close(&w->log_fd);
    if (a->word == WORKER_ANSWERED && !a->answered)
        a->word = a->untouched && !w->out.len ? WORKER_UNHEARD : WORKER_ENDED;
}

enum worker_word worker_ask(struct worker *worker, const struct question *question)
{
    struct asking a = {
        .worker = worker,
        .question = question,
        .unsent = question->bytes,
        .word = WORKER_ANSWERED,
        .signal_ms = clock_mono_ms() + question->timeout_ms,
    };
    bool ended = false;
    send_more(&a);
    while (!ended && (!a.answered || a.word != WORKER_ANSWERED))
        ended = watch_once(&a);
    if (ended) {
        finish(&a);
    } else {
        for (int i = 0; i < LOG_READS && a.has_log && pipe_read(&worker->log_fd, hear_log, &a); i++)
            ;
        if (a.unsent.len)
            worker_dismiss(worker);
        child_reap();
    }
    return a.word;
}

void worker_stop(struct worker *worker, int64_t grace_ms)
{
    if (worker->running)
        worker_end(worker, child_stop(&worker->child, grace_ms));
}

void worker_dismiss(struct worker *worker)
{
    if (worker->running)
        pipe_close(&worker->in_fd);
}

static bool has_ended(const struct worker *worker, int64_t until_ms)
{
    struct pollfd fd = {.fd = worker->child.pidfd, .events = POLLIN};
    bool ended = false;
    for (int64_t left; !ended && (left = until_ms - clock_mono_ms()) > 0;)
        ended = poll(&fd, 1, left > INT32_MAX ? -1 : (int)left) > 0;
    return ended;
}

static void drop(const void *bytes, size_t len, void *context)
{
    (void)bytes;
    (void)len;
    (void)context;
}

/* What the process has left may finish what it writes elsewhere. */
static void wait_for_remains(struct worker *w)
{
    struct buf names = BUF_INIT;
    struct remains remains = {{{&w->out_fd, drop}, {&w->log_fd, drop}}, NULL, NULL};
    remains_hear(&remains, clock_mono_ms() + w->leftover_ms);
    child_finish(&w->child, &names);
    buf_done(&names);
}

void worker_end(struct worker *worker, int64_t until_ms)
{
    worker_dismiss(worker);
    if (worker->running) {
        if (has_ended(worker, until_ms)) {
            wait_for_remains(worker);
        } else {
            child_kill(&worker->child);
            child_finish(&worker->child, NULL);
        }
        pipe_close(&worker->out_fd);
        pipe_close(&worker->log_fd);
        worker->running = false;
    }
    buf_done(&worker->out);
}
