/* link - see link.h. */
#include "dispatcher/link.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "dispatcher/ahead.h"
#include "dispatcher/catalog.h"
#include "dispatcher/claim.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/service.h"
#include "proc/frame.h"

#define READ_STEP 65536
#define SLACK_MS 5000 /* what a runner may take beyond all times that it keeps itself */

void link_watch(struct dispatcher *d, struct instance *i, int op)
{
    struct epoll_event event = {
        .events = EPOLLIN | (i->watching_out ? EPOLLOUT : 0u), .data.ptr = i};
    (void)epoll_ctl(d->epoll_fd, op, i->fd, &event);
}

int64_t link_deadline_ms(const struct dispatcher *d, int64_t ms)
{
    return clock_mono_ms() + ms + 2 * d->home.config.step_grace_seconds * 1000 + SLACK_MS;
}

void link_take_back(
    struct dispatcher *d, struct instance *i, size_t count, enum happening_kind kind)
{
    for (; count; count--)
        happening_add(&d->happenings, kind, i->service, &i->jobs[--i->job_count]);
}

/* What is said. */

void link_flush(struct dispatcher *d, struct instance *i)
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
        link_watch(d, i, EPOLL_CTL_MOD);
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
    i->deadline_ms = link_deadline_ms(d, i->jobs[0].timeout_ms);
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

void link_give(struct dispatcher *d, struct instance *instance, struct claim *claim)
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
    int64_t soon_ms = link_deadline_ms(d, 0);
    if (soon_ms < i->deadline_ms)
        i->deadline_ms = soon_ms;
}

void link_recall(struct dispatcher *d, struct instance *instance)
{
    if (!ahead_recall(instance))
        return;
    hurry(d, instance);
    link_flush(d, instance);
}

void link_cancel(struct dispatcher *d, struct instance *instance, const struct uuid *execution)
{
    if (!uuid_eq(execution, &instance->jobs[0].execution)) {
        link_recall(d, instance);
        return;
    }
    instance->cancelled = true;
    hurry(d, instance);
    frame_put_cancel(&instance->out, execution);
    link_flush(d, instance);
}

/* What is heard. */

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
    if (type == FRAME_READY) {
        i->ready = true;
        d->failed_starts = 0;
        return true;
    }
    if (type == FRAME_OUTCOME && i->job_count) {
        take_outcome(d, i, body);
    } else if (type == FRAME_RETURNED && frame_get_returned(body, &count) && i->recalled &&
               count <= i->job_count) {
        link_take_back(d, i, count, HAPPENING_RETURNED);
        i->recalled = false;
        d->now.more = true; /* one of the jobs that are left may be cancelled */
        if (!i->cancelled && i->job_count)
            i->deadline_ms = link_deadline_ms(d, i->jobs[0].timeout_ms);
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

enum link_state link_hear(struct dispatcher *d, struct instance *i)
{
    for (;;) {
        buf_reserve(&i->in, READ_STEP);
        ssize_t n = recv(i->fd, i->in.data + i->in.len, READ_STEP, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return LINK_OPEN;
        if (n > 0)
            i->in.len += (size_t)n;
        if (!take_frames(d, i)) {
            log_error("runner %d sent what cannot be read", (int)i->pid);
            return LINK_BAD;
        }
        if (n <= 0)
            return LINK_CLOSED;
        if (n < READ_STEP)
            return LINK_OPEN;
    }
}
