/* attempt - see attempt.h. */
#include "attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "child.h"
#include "environment.h"
#include "lines.h"
#include "model/event.h"

#define EXIT_LATER 75    /* of a script: try again later (sysexits.h EX_TEMPFAIL) */
#define EXIT_GIVE_UP 100 /* of a script: trying again is no use */

struct attempt {
    const struct home *home;
    const struct frame_job *job;
    const struct pipeline *pipeline;
    int hangup_fd;
    struct event event;
    int event_fd; /* the CloudEvent as a step reads it, sealed */
    int64_t deadline_ms;
    struct saved saved; /* what the steps have saved and emitted so far */
    struct buf logs[STEPS_MAX];
    struct buf error;
    struct frame_outcome outcome;
    bool abandoned;
};

/* A sealed file in memory with these bytes, positioned at its beginning; -1 when that failed. */
static int memory_file(const char *name, struct span bytes)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    while (fd >= 0 && bytes.len) {
        ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0) {
            close(fd);
            fd = -1;
        } else {
            bytes = span_of(bytes.data + n, bytes.len - (size_t)n);
        }
    }
    if (fd >= 0) {
        (void)fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
        (void)lseek(fd, 0, SEEK_SET);
    }
    return fd;
}

static void fail(struct attempt *a, const struct step *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail(struct attempt *a, const struct step *step, const char *format, ...)
{
    va_list args;
    buf_clear(&a->error);
    buf_printf(&a->error, "step %s: ", step->name);
    va_start(args, format);
    buf_vprintf(&a->error, format, args);
    va_end(args);
}

/* What the step alone may take; the execution as a whole may leave it less. */
static int64_t step_timeout_ms(const struct attempt *a, const struct step *step)
{
    return step->timeout_ms ? step->timeout_ms : a->home->config.step_timeout_seconds * 1000;
}

/* What may be wrong with a script that could not be started. */
static const char *start_hint(int error, const char *path)
{
    if (error == ENOEXEC)
        return " (it needs a first line such as #!/bin/sh)";
    if (error == ENOENT && access(path, F_OK) == 0)
        return " (its first line names an interpreter that is not there)";
    return "";
}

/* Says in a sentence how a step's process ended, unless all was well. */
static void judge(struct attempt *a, const struct step *step, const struct child_spec *spec,
    const struct child_result *result)
{
    switch (result->end) {
    case CHILD_EXITED:
        a->outcome.final = result->exit_code == EXIT_GIVE_UP;
        if (result->exit_code == EXIT_LATER)
            fail(a, step, "asked to be tried again later (exit 75)");
        else if (result->exit_code == EXIT_GIVE_UP)
            fail(a, step, "gave up (exit 100)");
        else if (result->exit_code != 0)
            fail(a, step, "exited with %d", result->exit_code);
        break;
    case CHILD_SIGNALED:
        fail(a, step, "was killed by signal %d (%s)", result->signal, strsignal(result->signal));
        break;
    case CHILD_TIMED_OUT:
        if (spec->timeout_ms < step_timeout_ms(a, step))
            fail(a, step, "was killed when the execution's %.6g seconds were over",
                (double)a->pipeline->timeout_ms / 1000);
        else
            fail(a, step, "ran longer than %.6g seconds and was killed",
                (double)spec->timeout_ms / 1000);
        break;
    case CHILD_REFUSED:
        if (result->line_too_long)
            fail(a, step, "descriptor 3: a line is longer than %lld bytes",
                (long long)a->home->config.step_line_bytes);
        else
            fail(a, step, "descriptor 3: %s", buf_text(&a->saved.why));
        break;
    case CHILD_ABANDONED:
        a->abandoned = true;
        break;
    case CHILD_NOT_STARTED:
        fail(a, step, "the script \"%s\" could not be started: %s%s", step->script,
            strerror(result->error), start_hint(result->error, spec->path));
        break;
    }
}

static bool take_line(struct span line, void *context)
{
    struct attempt *a = context;
    return lines_take(line, &a->home->config, &a->saved);
}

/* Runs one script. False when it failed, a->error then says why. */
static bool run_script(struct attempt *a, const struct step *step, size_t i)
{
    char path[PATH_MAX], directory[PATH_MAX], name[SCRIPT_NAME_MAX + 16];
    struct step_result *step_result = &a->outcome.steps[i];
    int64_t timeout_ms = step_timeout_ms(a, step);
    int64_t left_ms = a->deadline_ms - clock_mono_ms();
    if (timeout_ms > left_ms)
        timeout_ms = left_ms > 0 ? left_ms : 0;

    snprintf(name, sizeof name, "scripts/%s", step->script);
    home_path(a->home, name, path);
    home_path(a->home, "scripts", directory);
    struct environment environment;
    environment_build(&environment, a->job, a->pipeline, step, &a->event);
    struct buf context = BUF_INIT;
    environment_context(&environment, &a->saved, &context);
    int context_fd = memory_file("context", buf_span(&context));
    (void)lseek(a->event_fd, 0, SEEK_SET);

    struct child_spec spec = {
        .path = path,
        .directory = directory,
        .environment = environment.variables,
        .event_fd = a->event_fd,
        .context_fd = context_fd,
        .timeout_ms = timeout_ms,
        .config = &a->home->config,
        .hangup_fd = a->hangup_fd,
    };
    struct child_result result = {.end = CHILD_NOT_STARTED, .error = errno, .exit_code = -1};
    if (context_fd >= 0 && a->event_fd >= 0)
        child_run(&spec, take_line, a, &result);
    if (context_fd >= 0)
        close(context_fd);
    buf_done(&context);
    environment_done(&environment);

    a->logs[i] = result.log;
    a->outcome.logs[i] = buf_span(&a->logs[i]);
    step_result->exit_code = result.exit_code;
    judge(a, step, &spec, &result);
    return !a->error.len && !a->abandoned;
}

/* Emits the step's event, with its own payload or what was saved so far. */
static bool run_publish(struct attempt *a, const struct step *step)
{
    struct span data = a->saved.data.len ? buf_span(&a->saved.data) : span_str("{}");
    struct frame_emit emit = {
        .event_type = span_str(step->event_type),
        .event_source = span_str(step->event_source ? step->event_source : ""),
        .topic = span_str(step->topic ? step->topic : ""),
        .payload = step->payload ? span_str(step->payload) : data,
    };
    if (saved_emit(&a->saved, &emit, &a->home->config))
        return true;
    fail(a, step, "%s", buf_text(&a->saved.why));
    return false;
}

static bool run_step(struct attempt *a, const struct step *step, size_t i)
{
    struct step_result *result = &a->outcome.steps[i];
    result->name = span_str(step->name);
    result->exit_code = -1;
    result->duration_us = -1;
    if (!filter_match(step->when, &a->event, NULL)) {
        result->status = STATUS_SKIPPED;
        return true;
    }
    int64_t start_us = clock_mono_us();
    result->started_ms = clock_wall_ms();
    size_t emits = a->saved.emits.len, emit_count = a->saved.emit_count;
    bool good = false;
    switch (step->kind) {
    case STEP_SCRIPT:
        good = run_script(a, step, i);
        break;
    case STEP_PUBLISH:
        good = run_publish(a, step);
        break;
    case STEP_HTTP:
    case STEP__MAX:
        fail(a, step, "this kind of step cannot be run");
        break;
    }
    /* Events are published for steps that succeed only. */
    if (!good) {
        a->saved.emits.len = emits;
        a->saved.emit_count = emit_count;
    }
    result->duration_us = clock_mono_us() - start_us;
    result->status = good ? STATUS_COMPLETED : STATUS_FAILED;
    return good;
}

static void run_steps(struct attempt *a)
{
    int64_t start_us = clock_mono_us();
    a->outcome.started_ms = clock_wall_ms();
    a->outcome.status = STATUS_COMPLETED;
    a->outcome.step_count = (uint16_t)a->pipeline->step_count;
    for (size_t i = 0; i < a->pipeline->step_count; i++) {
        const struct step *step = &a->pipeline->steps[i];
        if (a->outcome.status == STATUS_COMPLETED) {
            if (!run_step(a, step, i))
                a->outcome.status = STATUS_FAILED;
        } else {
            a->outcome.steps[i] = (struct step_result){
                .name = span_str(step->name),
                .status = STATUS_PENDING,
                .duration_us = -1,
                .exit_code = -1,
            };
        }
    }
    a->outcome.duration_us = clock_mono_us() - start_us;
}

bool attempt_run(const struct home *home, const struct frame_job *job,
    const struct pipeline *pipeline, int hangup_fd, struct buf *out)
{
    struct attempt *a = mem_alloc(sizeof *a);
    struct buf event = BUF_INIT;
    a->home = home;
    a->job = job;
    a->pipeline = pipeline;
    a->hangup_fd = hangup_fd;
    a->deadline_ms = clock_mono_ms() + pipeline->timeout_ms;
    a->outcome.execution = job->execution;
    a->outcome.attempt = job->attempt;
    if (event_decode(job->event, &a->event))
        log_die(EXIT_FIX, "the dispatcher sent no event");
    event_format(&a->event, &event);
    a->event_fd = memory_file("event", buf_span(&event));
    run_steps(a);
    if (!a->abandoned) {
        a->outcome.error = buf_span(&a->error);
        a->outcome.data = buf_span(&a->saved.data);
        a->outcome.emits = buf_span(&a->saved.emits);
        a->outcome.emit_count = (uint32_t)a->saved.emit_count;
        frame_put_outcome(out, &a->outcome);
    }
    bool told = !a->abandoned;
    if (a->event_fd >= 0)
        close(a->event_fd);
    for (size_t i = 0; i < pipeline->step_count; i++)
        buf_done(&a->logs[i]);
    buf_done(&event);
    buf_done(&a->error);
    saved_done(&a->saved);
    free(a);
    return told;
}
