/* step - see step.h. */
#include "runner/step.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "home/confine.h"
#include "home/trust.h"

void step_fail(struct step_end *end, const struct step_call *call, const char *format, ...)
{
    va_list args;
    end->failed = true;
    buf_clear(&end->error);
    buf_printf(&end->error, "step %s: ", call->step->name);
    va_start(args, format);
    buf_vprintf(&end->error, format, args);
    va_end(args);
}

void step_time_out(
    struct step_end *end, const struct step_call *call, const char *did, const char *then)
{
    switch (call->limit) {
    case LIMIT_STEP:
        step_fail(end, call, "%s %.6g %s and %s", did, (double)call->timeout_ms / 1000,
            clock_seconds(call->timeout_ms), then);
        break;
    case LIMIT_ATTEMPT:
        step_fail(end, call, "%s when the attempt's %.6g %s over", then,
            (double)call->pipeline->attempt_timeout_ms / 1000,
            clock_seconds_were(call->pipeline->attempt_timeout_ms));
        break;
    case LIMIT_EXECUTION:
        step_fail(end, call, "%s when the execution's %.6g %s over", then,
            (double)call->pipeline->timeout_ms / 1000,
            clock_seconds_were(call->pipeline->timeout_ms));
        end->final = true;
        break;
    }
}

void step_overfill(struct step_end *end, const struct step_call *call)
{
    step_fail(end, call,
        "put more than %lld bytes into its work directory and was killed; the setting [step] "
        "work_bytes bounds them",
        (long long)call->home->config.step_work_bytes);
}

void step_interrupt(struct step_end *end, const struct step_call *call, enum link_word word)
{
    step_fail(end, call, "was cancelled");
    end->final = true;
    end->abandoned = word == LINK_GONE;
}

void step_script_path(const struct step_call *call, char ret_path[PATH_MAX])
{
    char name[SCRIPT_NAME_MAX + 16];
    snprintf(name, sizeof name, "scripts/%s", call->step->script);
    home_path(call->home, name, ret_path);
}

bool step_keep_in(
    const struct step_call *call, struct room *room, struct child_spec *spec, int *ret_error)
{
    spec->account = room_account(call->home, call->step->script);
    spec->confined = confine_is_for(call->home, call->step->script);
    if (!spec->confined)
        return true;
    bool good = room_make_rules(room);
    *ret_error = errno;
    spec->rules = room->rules;
    return good;
}

bool step_is_trusted(const struct step_call *call, struct step_end *end)
{
    char path[PATH_MAX];
    step_script_path(call, path);
    bool good = trust_script(call->home->dir, path) == ERR_OK;
    if (!good)
        step_fail(end, call,
            "the script \"%s\" is not started: somebody else can write it, or scripts/; the "
            "dispatcher's log has how to mend it",
            call->step->script);
    return good;
}

bool step_can_be_confined(const struct step_call *call, struct step_end *end)
{
    struct buf missing = BUF_INIT;
    if (confine_is_required(call->home) && confine_is_for(call->home, call->step->script))
        confine_missing(&missing);
    if (missing.len)
        step_fail(end, call,
            "the script \"%s\" cannot be confined: %s (confine = require in fx.conf)",
            call->step->script, buf_text(&missing));
    bool can = !missing.len;
    buf_done(&missing);
    return can;
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

void step_not_started(struct step_end *end, const struct step_call *call, int error)
{
    char path[PATH_MAX];
    step_script_path(call, path);
    step_fail(end, call, "the script \"%s\" could not be started: %s%s", call->step->script,
        strerror(error), start_hint(error, path));
}
