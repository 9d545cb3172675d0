/* environment - see environment.h. */
#include "runner/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "home/login.h"
#include "proc/leftovers.h"

#define OWN_VARIABLES 20 /* how many environment_build adds to those of the pipeline */
#define FD_PATH_ROOM "/proc/0123456789/fd/0" /* as long as any */

/* Adds a variable, or sets the value of a variable that is there. Returns the variable. */
static char *add(struct environment *e, const char *name, struct span value)
{
    struct buf text = BUF_INIT;
    size_t i = 0;
    buf_printf(&text, "%s=", name);
    while (i < e->count && strncmp(e->variables[i], buf_text(&text), text.len) != 0)
        i++;
    if (i < e->count)
        free(e->variables[i]);
    else
        e->count++;
    buf_add_span(&text, value);
    e->variables[i] = (char *)text.data; /* handed over, with the NUL that ends it */
    return e->variables[i];
}

static void add_uuid(struct environment *e, const char *name, const struct uuid *id)
{
    char text[UUID_TEXT];
    uuid_format(id, text);
    add(e, name, uuid_is_none(id) ? SPAN_NONE : span_str(text));
}

static void add_number(struct environment *e, const char *name, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    add(e, name, span_str(text));
}

/* The account of the step's script. An account is looked up once in a runner's life. */
static const struct login *find_login(const struct step_call *call)
{
    static struct login logins[2];
    static bool known[2];
    const struct account *account = room_account(call->home, call->step->script);
    size_t i = account != NULL;
    if (!known[i])
        login_of(call->home, account, &logins[i]);
    known[i] = true;
    return &logins[i];
}

static void add_login(struct environment *e, const struct step_call *call, const char *work)
{
    const struct login *login = find_login(call);
    const char *spare = *work ? work : "/";
    add(e, "HOME", span_str(*login->home ? login->home : spare));
    add(e, "USER", span_str(login->name));
    add(e, "LOGNAME", span_str(login->name));
    add(e, "SHELL", span_str("/bin/sh"));
}

/* Adds a variable for environment_name_process. Returns where its value begins. */
static char *add_fd_path(struct environment *e, const char *name)
{
    return add(e, name, span_str(FD_PATH_ROOM)) + strlen(name) + 1;
}

void environment_name_process(pid_t pid, void *context)
{
    struct environment *e = context;
    if (!e->context)
        return;
    snprintf(e->context, sizeof FD_PATH_ROOM, "/proc/%d/fd/4", (int)pid);
    snprintf(e->out, sizeof FD_PATH_ROOM, "/proc/%d/fd/3", (int)pid);
}

void environment_build(
    struct environment *e, const struct step_call *call, bool lasting, const char *work)
{
    const struct pipeline *pipeline = call->pipeline;
    const char *mark = getenv(LEFTOVERS_MARK);
    e->variables = mem_alloc((OWN_VARIABLES + pipeline->env_count + 1) * sizeof *e->variables);
    e->count = 0;
    e->context = e->out = NULL;
    add(e, "PATH", span_str(call->home->config.step_path));
    add(e, "LANG", span_str("C.UTF-8"));
    add(e, "TZ", span_str("UTC"));
    add_login(e, call, work);
    if (*work)
        add(e, "TMPDIR", span_str(work));
    for (size_t i = 0; i < pipeline->env_count; i++)
        add(e, pipeline->env[i].name, span_str(pipeline->env[i].value.text));
    add(e, LEFTOVERS_MARK, span_str(mark ? mark : ""));
    add(e, "FX_PIPELINE_ID", call->job->pipeline_id);
    add(e, "FX_PIPELINE", span_str(pipeline->name));
    add_number(e, "FX_PIPELINE_VERSION", call->job->pipeline_version);
    add(e, "FX_STEP", span_str(call->step->name));
    if (lasting)
        return;
    add_uuid(e, "FX_CID", &call->event->cid);
    add_uuid(e, "FX_EXECUTION_ID", &call->job->execution);
    add_uuid(e, "FX_PARENT_EXECUTION_ID", &call->event->parent);
    add_number(e, "FX_ATTEMPT", call->job->attempt);
    add(e, "FX_EVENT_TYPE", call->event->type);
}

static void add_path(
    struct environment *e, const char *name, const char *directory, const char *file)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, file);
    add(e, name, span_str(path));
}

void environment_add_desk(struct environment *e, const char *work)
{
    if (*work) {
        add_path(e, "FX_CONTEXT", work, DESK_CONTEXT);
        add_path(e, "FX_OUT", work, DESK_LINES);
    } else {
        e->context = add_fd_path(e, "FX_CONTEXT");
        e->out = add_fd_path(e, "FX_OUT");
    }
}

void environment_done(struct environment *e)
{
    for (size_t i = 0; i < e->count; i++)
        free(e->variables[i]);
    free(e->variables);
}

void environment_secrets(const struct pipeline *pipeline, struct buf *out)
{
    for (size_t i = 0; pipeline->has_secrets && i < pipeline->env_count; i++)
        if (pipeline->env[i].value.secret)
            buf_add(out, pipeline->env[i].value.text, strlen(pipeline->env[i].value.text) + 1);
}

static struct span object_or_empty(const char *text)
{
    return span_str(text ? text : "{}");
}

void environment_received(const struct event *event, struct json_out *out)
{
    json_key(out, "received");
    json_open(out, '{');
    event_put_received(event, out);
    json_close(out, '}');
}

void environment_context(const struct step_call *call, struct buf *out)
{
    struct span data = buf_span(&call->saved->data);
    struct json_out o = json_out_to(out);
    json_open(&o, '{');
    json_put_raw(&o, "data", data.len ? data : span_str("{}"));
    json_put_raw(&o, "inputs", object_or_empty(call->step->inputs));
    json_put_raw(&o, "outputs", object_or_empty(call->step->outputs));
    environment_received(call->event, &o);
    json_close(&o, '}');
    buf_add_char(out, '\n');
}
