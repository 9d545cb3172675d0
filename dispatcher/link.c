/* link - see link.h. */
#include "link.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/log.h"

#define READ_STEP 65536

static struct buf in;  /* received and not yet taken */
static bool cancelled; /* the job that was taken last */
static bool gone;

/* Receives what is there, or waits until something is. False when nothing came. */
static bool receive(int flags)
{
    ssize_t n;
    if (gone)
        return false;
    buf_reserve(&in, READ_STEP);
    do
        n = recv(LINK_FD, in.data + in.len, READ_STEP, flags);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        in.len += (size_t)n;
    else
        gone = n == 0 || errno != EAGAIN;
    return n > 0;
}

static bool take(enum frame_type *ret_type, struct buf *ret_body)
{
    struct span body;
    size_t taken;
    bool bad;
    if (!frame_next(&in, ret_type, &body, &taken, &bad)) {
        if (bad)
            log_die(EXIT_FIX, "the dispatcher sent what cannot be read");
        return false;
    }
    buf_clear(ret_body);
    buf_add_span(ret_body, body);
    buf_drop(&in, taken);
    return true;
}

bool link_next(enum frame_type *ret_type, struct buf *ret_body)
{
    for (;;) {
        while (take(ret_type, ret_body)) {
            /* The job that is not wanted may have ended before this was heard. */
            if (*ret_type == FRAME_CANCEL)
                continue;
            cancelled = false;
            return true;
        }
        if (!receive(0))
            return false;
    }
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
    enum frame_type type;
    struct buf body = BUF_INIT;
    while (receive(MSG_DONTWAIT))
        ;
    while (take(&type, &body)) {
        if (type != FRAME_CANCEL)
            log_die(EXIT_FIX, "the dispatcher sent a job to a runner that has one");
        cancelled = true;
    }
    buf_done(&body);
    return gone ? LINK_GONE : cancelled ? LINK_CANCEL : LINK_NOTHING;
}
