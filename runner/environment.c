/* environment - see environment.h. */
#include "runner/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "proc/leftovers.h"

#define OWN_VARIABLES 15 /* how many environment_build adds to those of the pipeline */

/* Adds a variable, or sets the value of a variable that is there. */
static void add(struct environment *e, const char *name, struct span value)
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

void environment_build(
    struct environment *e, const struct step_call *call, bool lasting, const char *work)
{
    const struct pipeline *pipeline = call->pipeline;
    const char *mark = getenv(LEFTOVERS_MARK);
    e->variables = mem_alloc((OWN_VARIABLES + pipeline->env_count + 1) * sizeof *e->variables);
    e->count = 0;
    add(e, "PATH", span_str("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    add(e, "LANG", span_str("C.UTF-8"));
    add(e, "TZ", span_str("UTC"));
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
    /* Not /dev/fd/4: containers and chroots may lack that link. */
    add(e, "FX_CONTEXT", span_str("/proc/self/fd/4"));
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
