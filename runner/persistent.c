/* persistent - see persistent.h. */
#include "runner/persistent.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/json.h"
#include "home/confine.h"
#include "runner/answer.h"
#include "runner/environment.h"
#include "runner/live.h"
#include "runner/room.h"
#include "runner/worker.h"

#define ERROR_MAX 1024 /* bytes of a script's own words in the execution's error */

/* A process, its step, and the script's file and secrets as they were when it was started. */
struct persistent {
    const struct pipeline *pipeline;
    const struct step *step;
    char *path;
    struct stat file;
    struct buf secrets; /* of the environment that the process was started with */
    struct room room;
    struct worker worker;
    bool has_answered;
    struct persistent *next;
};

static struct persistent *all;

/* Ending. */

static int64_t grace_ms(const struct config *config)
{
    return config->step_grace_seconds * 1000;
}

static void forget(struct persistent *p)
{
    free(p->path);
    buf_done(&p->secrets);
    free(p);
}

/* Ends the processes that `which` says true of (NULL: all), together within one grace. */
static void end_those(const struct config *config, const struct pipeline *pipeline,
    bool (*which)(struct persistent *p, const struct pipeline *pipeline))
{
    struct persistent *leaving = NULL;
    for (struct persistent **at = &all; *at;) {
        struct persistent *p = *at;
        if (which && !which(p, pipeline)) {
            at = &p->next;
            continue;
        }
        worker_dismiss(&p->worker);
        *at = p->next;
        p->next = leaving;
        leaving = p;
    }
    int64_t until_ms = clock_mono_ms() + grace_ms(config);
    while (leaving) {
        struct persistent *p = leaving;
        leaving = p->next;
        worker_end(&p->worker, until_ms);
        room_close(&p->room);
        forget(p);
    }
}

void persistent_end_all(const struct config *config)
{
    end_those(config, NULL, NULL);
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Nobody can change a file without its ctime, but by setting the system's clock. */
static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && is_same_time(&a->st_mtim, &b->st_mtim) &&
           is_same_time(&a->st_ctim, &b->st_ctim);
}

static struct stat look_at(const char *path)
{
    struct stat file;
    if (stat(path, &file) < 0)
        memset(&file, 0, sizeof file);
    return file;
}

/* Secrets are set anew without a new version, and a process keeps what it was started with. */
static bool has_new_secrets(const struct persistent *p)
{
    struct buf secrets = BUF_INIT;
    environment_secrets(p->pipeline, &secrets);
    bool new = !span_eq(buf_span(&secrets), buf_span(&p->secrets));
    buf_done(&secrets);
    return new;
}

/*
 * Is the process of another pipeline or version, of a script or of secrets that have changed, or
 * not to be asked again?
 */
static bool is_outdated(struct persistent *p, const struct pipeline *pipeline)
{
    struct stat file = look_at(p->path);
    return p->pipeline != pipeline || !is_same_file(&p->file, &file) || has_new_secrets(p) ||
           !worker_is_ready(&p->worker);
}

/* Starting. */

static bool start_process(struct persistent *p, const struct step_call *call, int *ret_error)
{
    char directory[PATH_MAX];
    struct environment environment;
    home_path(call->home, "scripts", directory);
    room_open(&p->room, call->home);
    environment_build(&environment, call, true, p->room.dir);
    struct child_spec spec = {
        .path = p->path,
        .directory = directory,
        .environment = environment.variables,
        .limits = &call->home->config,
        .forbids = confine_is_left(call->home),
    };
    p->file = look_at(p->path);
    environment_secrets(call->pipeline, &p->secrets);
    bool good = step_keep_in(call, &p->room, &spec, ret_error) &&
                worker_start(&p->worker, &spec, true, ret_error);
    environment_done(&environment);
    return good;
}

static void end_outdated(const struct step_call *call)
{
    end_those(&call->home->config, call->pipeline, is_outdated);
}

/* NULL where none runs that is to be asked. */
static struct persistent *find(const struct step_call *call)
{
    end_outdated(call);
    for (struct persistent *p = all; p; p = p->next)
        if (p->step == call->step)
            return p;
    return NULL;
}

/* NULL, and *ret_error, when that failed. */
static struct persistent *start(const struct step_call *call, int *ret_error)
{
    char path[PATH_MAX];
    struct persistent *p = mem_alloc(sizeof *p);
    step_script_path(call, path);
    p->pipeline = call->pipeline;
    p->step = call->step;
    p->path = mem_strdup(path);
    if (!start_process(p, call, ret_error)) {
        room_close(&p->room);
        forget(p);
        return NULL;
    }
    p->next = all;
    all = p;
    return p;
}

/* Asking. */

/* In checked JSON a line can only end between two tokens, where the line end means nothing. */
static void put_on_one_line(struct json_out *o, const char *name, struct span value)
{
    json_key(o, name);
    while (value.len) {
        size_t n = 0;
        while (n < value.len && value.data[n] != '\n' && value.data[n] != '\r')
            n++;
        buf_add(o->buf, value.data, n);
        n += n < value.len;
        value = span_of(value.data + n, value.len - n);
    }
    o->comma = true;
}

static void put_id(struct json_out *o, const char *name, const struct uuid *id)
{
    char text[UUID_TEXT];
    uuid_format(id, text);
    json_put_str(o, name, text);
}

static void build_question(const struct step_call *call, struct buf *out)
{
    struct span data = buf_span(&call->saved->data);
    struct json_out o = json_out_to(out);
    json_open(&o, '{');
    put_id(&o, "execution_id", &call->job->execution);
    json_put_int(&o, "attempt", call->job->attempt);
    put_id(&o, "cid", &call->event->cid);
    json_key(&o, "pipeline");
    json_open(&o, '{');
    json_put_text(&o, "id", call->job->pipeline_id);
    json_put_str(&o, "name", call->pipeline->name);
    json_put_int(&o, "version", call->job->pipeline_version);
    json_close(&o, '}');
    json_put_str(&o, "step", call->step->name);
    put_on_one_line(&o, "event", call->event_text);
    put_on_one_line(&o, "data", data.len ? data : span_str("{}"));
    put_on_one_line(&o, "inputs", span_str(call->step->inputs));
    put_on_one_line(&o, "outputs", span_str(call->step->outputs));
    environment_received(call->event, &o);
    json_close(&o, '}');
    buf_add_char(out, '\n');
}

static bool has_line(const struct buf *out)
{
    return out->len && memchr(out->data, '\n', out->len);
}

static void fail_too_long(const struct step_call *call, struct step_end *end)
{
    step_fail(end, call, "its answer is longer than %lld bytes",
        (long long)call->home->config.step_line_bytes);
}

/* Takes what the script wrote as its answer. False when that is no answer. */
static bool take_answer(const struct step_call *call, const struct buf *out, struct step_end *end)
{
    const struct config *config = &call->home->config;
    struct answer answer = {.ok = false};
    const uint8_t *newline = memchr(out->data, '\n', out->len);
    size_t len = (size_t)(newline - out->data);
    bool good = false;
    if (len > (size_t)config->step_line_bytes)
        fail_too_long(call, end);
    else if (len + 1 < out->len)
        step_fail(end, call, "it answered with more than one line");
    else if (!answer_take(span_of(out->data, len), config, call->saved, &answer))
        step_fail(end, call, "its answer %s", buf_text(&call->saved->why));
    else
        good = true;
    if (good && !answer.ok) {
        step_fail(end, call, "%.*s", ERROR_MAX,
            answer.error.len ? buf_text(&answer.error) : "it failed without saying why");
        end->final = !answer.retry;
    }
    buf_done(&answer.error);
    return good;
}

/* What an answer saves counts also when it comes in the grace time, too late for its step. */
static void take_late_answer(const struct step_call *call, const struct buf *out)
{
    struct step_end unheeded = {.exit_code = -1};
    if (has_line(out))
        (void)take_answer(call, out, &unheeded);
    buf_done(&unheeded.error);
}

static void fail_unanswered(const struct step_call *call, int status, struct step_end *end)
{
    if (WIFSIGNALED(status)) {
        step_fail(end, call, "was killed by signal %d (%s) before it answered", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
        return;
    }
    end->exit_code = WEXITSTATUS(status);
    step_fail(end, call, "exited with %d before it answered", end->exit_code);
}

/* Makes of what has come of the question the end of the step. */
static void judge_answer(
    struct persistent *p, const struct step_call *call, enum worker_word word, struct step_end *end)
{
    switch (word) {
    case WORKER_ANSWERED:
        p->has_answered = true;
        if (take_answer(call, &p->worker.out, end))
            buf_clear(&p->worker.out);
        else
            worker_stop(&p->worker, grace_ms(&call->home->config));
        break;
    case WORKER_ENDED:
    case WORKER_UNHEARD:
        fail_unanswered(call, p->worker.child.status, end);
        break;
    case WORKER_SILENT:
        take_late_answer(call, &p->worker.out);
        step_time_out(end, call, "did not answer within", "was killed");
        break;
    case WORKER_ENDLESS:
        fail_too_long(call, end);
        break;
    case WORKER_OVERFULL:
        step_overfill(end, call);
        break;
    case WORKER_INTERRUPTED:
        take_late_answer(call, &p->worker.out);
        step_interrupt(end, call, link_look());
        break;
    }
}

/*
 * Asks the process. False when the process had ended before it heard the question, as it may
 * after an answer: another process is to be asked.
 */
static bool ask(struct persistent *p, const struct step_call *call, struct step_end *end)
{
    const struct config *config = &call->home->config;
    struct buf line = BUF_INIT;
    struct tail log = {.max = (size_t)config->step_log_bytes};
    build_question(call, &line);
    struct question question = {
        .bytes = buf_span(&line),
        .is_whole = has_line,
        .answer_max = (size_t)config->step_line_bytes,
        .timeout_ms = call->timeout_ms,
        .grace_ms = grace_ms(config),
        .log = &log,
        .room = &p->room,
        .live = call->live,
    };
    enum worker_word word = worker_ask(&p->worker, &question);
    buf_done(&line);
    if (word == WORKER_UNHEARD && p->has_answered) {
        buf_done(&log.bytes);
        return false;
    }
    judge_answer(p, call, word, end);
    live_last(call->live, &log);
    if (word == WORKER_OVERFULL)
        end_outdated(call); /* and what it has written goes at once */
    tail_trim(&log);
    end->log = log.bytes;
    return true;
}

void persistent_run(const struct step_call *call, struct step_end *end)
{
    int error;
    for (bool heard = false; !heard;) {
        struct persistent *p = find(call);
        if (!p && !step_is_trusted(call, end))
            return;
        if (!p)
            p = start(call, &error);
        if (!p) {
            step_not_started(end, call, error);
            return;
        }
        heard = ask(p, call, end);
    }
}
