/*
 * fx-runner - one instance of an event service: gets a job, runs its steps,
 * reports, and waits for the next. Started by fx-dispatcher with their socket
 * as descriptor 0 and the home as its argument; ends when the socket closes.
 *
 * It has no store open and makes no decision: a runner that crashes or hangs is
 * one instance's trouble.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attempt.h"
#include "base/log.h"
#include "child.h"

#define SOCKET_FD 0
#define READ_STEP 65536

/* A version it was sent. There are as many as versions that ran, which is few. */
struct known {
    char *pipeline_id;
    uint32_t version;
    struct pipeline *pipeline;
    struct known *next;
};

static struct home home;
static struct known *known;
static struct buf in; /* bytes received and not yet taken */

static void learn(const struct frame_pipeline *frame)
{
    struct buf why = BUF_INIT;
    struct known *k = mem_alloc(sizeof *k);
    if (pipeline_parse(frame->definition, &k->pipeline, &why))
        log_die(EXIT_FIX, "cannot read a stored pipeline: %s", buf_text(&why));
    k->pipeline_id = span_dup(frame->pipeline_id);
    k->version = frame->version;
    k->next = known;
    known = k;
}

static const struct pipeline *find(struct span pipeline_id, uint32_t version)
{
    for (const struct known *k = known; k; k = k->next)
        if (k->version == version && span_eq_str(pipeline_id, k->pipeline_id))
            return k->pipeline;
    return NULL;
}

static bool send_all(struct span bytes)
{
    while (bytes.len) {
        ssize_t n = send(SOCKET_FD, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = span_of(bytes.data + n, bytes.len - (size_t)n);
    }
    return true;
}

/* False when the dispatcher is gone. */
static bool run(struct span body)
{
    struct frame_job job;
    struct buf out = BUF_INIT;
    char id[UUID_TEXT];
    if (!frame_get_job(body, &job))
        log_die(EXIT_FIX, "the dispatcher sent a job that cannot be read");
    uuid_format(&job.execution, id);
    log_context(id);
    const struct pipeline *pipeline = find(job.pipeline_id, job.pipeline_version);
    if (!pipeline)
        log_die(EXIT_FIX, "the dispatcher sent a job without its pipeline");
    bool told = attempt_run(&home, &job, pipeline, SOCKET_FD, &out) && send_all(buf_span(&out));
    buf_done(&out);
    log_context("");
    return told;
}

static bool handle(enum frame_type type, struct span body)
{
    struct frame_pipeline pipeline;
    if (type == FRAME_JOB)
        return run(body);
    if (type != FRAME_PIPELINE || !frame_get_pipeline(body, &pipeline))
        log_die(EXIT_FIX, "the dispatcher sent what cannot be read");
    learn(&pipeline);
    return true;
}

int main(int argc, char **argv)
{
    log_open("fx-runner");
    if (argc != 2) {
        log_error("is started by fx-dispatcher, not by hand");
        return EXIT_FIX;
    }
    if (home_open(argv[1], &home))
        return EXIT_FIX;
    signal(SIGPIPE, SIG_IGN);
    child_prepare();

    for (;;) {
        enum frame_type type;
        struct span body;
        size_t taken;
        bool bad;
        while (frame_next(&in, &type, &body, &taken, &bad)) {
            if (!handle(type, body))
                return 0;
            buf_drop(&in, taken);
        }
        if (bad)
            log_die(EXIT_FIX, "the dispatcher sent what cannot be read");
        buf_reserve(&in, READ_STEP);
        ssize_t n = recv(SOCKET_FD, in.data + in.len, READ_STEP, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        in.len += (size_t)n;
    }
}
