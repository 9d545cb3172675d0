/*
 * fx-runner - one instance of an event service: gets a job, runs the job's steps, reports,
 * and waits for the next job. fx-dispatcher starts it with a socket to itself as descriptor 0
 * and with the home, a mark (leftovers.h) and the version of its frames as its arguments. It ends
 * when the socket closes.
 *
 * A runner opens no store and makes no decision: one that crashes or hangs is the trouble of
 * one instance.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fresh.h"
#include "base/log.h"
#include "home/account.h"
#include "home/logs.h"
#include "proc/leftovers.h"
#include "runner/attempt.h"
#include "runner/child.h"
#include "runner/http_step.h"
#include "runner/link.h"
#include "runner/live.h"
#include "runner/persistent.h"
#include "runner/room.h"

#define OWN_ARGUMENTS 3 /* the program, the home, the mark */

/* A version of a pipeline that this runner was sent. Few versions run in a runner's life. */
struct known {
    char *pipeline_id;
    uint32_t version;
    struct pipeline *pipeline;
    struct known *next;
};

static struct home home;
static struct known *known;

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

/* Fills in the values of secrets, in the order in which the job has them. */
static bool give_secret(const struct secret_place *place, void *context)
{
    struct span value;
    if (!frame_secret_next(context, &value))
        log_die(EXIT_FIX, "the dispatcher sent a job without its secrets");
    place->text->text = span_dup(value);
    return true;
}

static bool take_secret(const struct secret_place *place, void *context)
{
    (void)context;
    explicit_bzero(place->text->text, strlen(place->text->text));
    free(place->text->text);
    place->text->text = NULL;
    return true;
}

/* Runs a job. False when the dispatcher is gone. */
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
    if (pipeline->has_secrets)
        (void)pipeline_each_secret(pipeline, give_secret, &job.secrets);
    bool told = attempt_run(&home, &job, pipeline, &out) && link_send(buf_span(&out));
    if (pipeline->has_secrets)
        (void)pipeline_each_secret(pipeline, take_secret, NULL);
    buf_done(&out);
    room_tidy();
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

/* What an execution has left is not kept for the time in which nothing happens. */
static void rest(void)
{
    room_rest();
    live_rest();
}

/* fx-dispatcher has looked already: what has changed since is somebody's doing right now. */
static void find_account(void)
{
    static struct account account;
    struct buf why = BUF_INIT;
    if (!account_find(&home, &account, &why)) {
        home_tell_setting(&home, "step", "user", &why);
        exit(EXIT_FIX);
    }
    if (account.is_other)
        room_give(&account);
    buf_done(&why);
}

/* Until this is said, no job has begun, whatever becomes of this process. */
static void tell_ready(void)
{
    struct buf out = BUF_INIT;
    frame_put_ready(&out);
    (void)link_send(buf_span(&out)); /* that nobody listens is heard when the next job is awaited */
    buf_done(&out);
}

int main(int argc, char **argv)
{
    enum frame_type type;
    struct buf body = BUF_INIT;
    log_open("fx-runner");
    fresh_begin();
    if (argc != OWN_ARGUMENTS && argc != OWN_ARGUMENTS + 1) {
        log_error("is started by fx-dispatcher, not by hand");
        return EXIT_FIX;
    }
    if (!frame_is_understood(argc, argv, OWN_ARGUMENTS) || home_open(argv[1], &home))
        return EXIT_FIX;
    leftovers_mark(&home);
    fresh_alone();
    logs_begin(&home, "dispatcher");
    logs_heed_hangup();
    find_account();
    signal(SIGPIPE, SIG_IGN);
    child_prepare();
    if (argc > OWN_ARGUMENTS)
        tell_ready();
    while (link_next(&type, &body, rest) && handle(type, buf_span(&body)))
        ;
    http_step_end();
    persistent_end_all(&home.config);
    room_end();
    live_end_all();
    buf_done(&body);
    return 0;
}
