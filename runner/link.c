/* link - see link.h. */
#include "runner/link.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/log.h"

#define READ_STEP 65536

static struct buf in;   /* received and not yet sorted */
static struct buf jobs; /* whole frames of jobs and pipelines, in the order they came */
static size_t begun;    /* bytes of `jobs` that were taken */
static struct uuid at_hand;
static bool cancelled; /* the job at hand is */
static bool gone;

/*
 * Receives what has come, or waits until something comes. 0: nothing came. Less than
 * READ_STEP: nothing more has come.
 */
static size_t receive(int flags)
{
    ssize_t n;
    if (gone)
        return 0;
    buf_reserve(&in, READ_STEP);
    do
        n = recv(LINK_FD, in.data + in.len, READ_STEP, flags);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        in.len += (size_t)n;
    else
        gone = n == 0 || errno != EAGAIN;
    return n > 0 ? (size_t)n : 0;
}

static bool next(
    struct span bytes, enum frame_type *ret_type, struct span *ret_body, size_t *ret_taken)
{
    bool bad;
    bool whole = frame_next(bytes, ret_type, ret_body, ret_taken, &bad);
    if (bad)
        log_die(EXIT_FIX, "the dispatcher sent what cannot be read");
    return whole;
}

static struct span waiting(void)
{
    return span_of(jobs.data + begun, jobs.len - begun);
}

/* Gives back the jobs that have not begun, and keeps the pipelines among them. */
static void give_back(void)
{
    enum frame_type type;
    struct span body;
    size_t taken;
    uint32_t count = 0;
    struct buf kept = BUF_INIT, out = BUF_INIT;
    for (; next(waiting(), &type, &body, &taken); begun += taken) {
        if (type == FRAME_JOB)
            count++;
        else
            buf_add(&kept, jobs.data + begun, taken);
    }
    buf_done(&jobs);
    jobs = kept;
    begun = 0;
    frame_put_returned(&out, count);
    gone |= !link_send(buf_span(&out));
    buf_done(&out);
}

/*
 * Goes through what has come: keeps jobs for later, and heeds what is said about jobs. With
 * `one` it stops behind the first job, so that what is said about that job is heard when the
 * job is at hand.
 */
static void sort(bool one)
{
    enum frame_type type;
    struct span body;
    struct uuid execution;
    size_t taken, at = 0;
    bool more = true;
    if (!in.len)
        return;
    buf_drop(&jobs, begun);
    begun = 0;
    while (more && next(span_of(in.data + at, in.len - at), &type, &body, &taken)) {
        if (type == FRAME_RECALL)
            give_back();
        else if (type != FRAME_CANCEL)
            buf_add(&jobs, in.data + at, taken);
        else if (frame_get_cancel(body, &execution))
            cancelled |= uuid_eq(&execution, &at_hand); /* another job has ended meanwhile */
        at += taken;
        more = !one || type != FRAME_JOB;
    }
    buf_drop(&in, at);
}

static bool take(enum frame_type *ret_type, struct buf *ret_body)
{
    struct span body;
    size_t taken;
    struct frame_job job;
    if (!next(waiting(), ret_type, &body, &taken))
        return false;
    buf_clear(ret_body);
    buf_add_span(ret_body, body);
    begun += taken;
    if (*ret_type == FRAME_JOB && frame_get_job(body, &job)) {
        at_hand = job.execution;
        cancelled = false;
    }
    return true;
}

bool link_next(enum frame_type *ret_type, struct buf *ret_body, void (*rest)(void))
{
    while (!take(ret_type, ret_body)) {
        sort(true);
        if (waiting().len)
            continue;
        rest();
        if (!receive(0))
            return false;
    }
    return true;
}

bool link_send(struct span frame)
{
    while (frame.len) {
        ssize_t n = send(LINK_FD, frame.data, frame.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        frame = span_of(frame.data + n, frame.len - (size_t)n);
    }
    return true;
}

enum link_word link_look(void)
{
    while (receive(MSG_DONTWAIT) == READ_STEP)
        ;
    sort(false);
    return gone ? LINK_GONE : cancelled ? LINK_CANCEL : LINK_NOTHING;
}
