/* failure - see failure.h. */
#include "model/failure.h"

#include <stdio.h>
#include <string.h>

#include "base/url.h"
#include "base/utf8.h"

#define TELLING "fx.execution."
#define CUT "…"

bool failure_is_from_telling(struct span event_type)
{
    return span_starts(event_type, span_str(TELLING));
}

/* Writes a text; of one that is too long its beginning and a mark. */
static void put_bounded(struct json_out *o, const char *name, struct span text)
{
    struct buf cut = BUF_INIT;
    size_t len = 0, next = 0;
    while (text.len > FAILURE_TEXT_MAX && next <= FAILURE_TEXT_MAX - strlen(CUT)) {
        size_t step = utf8_length(text.data + next, text.data + text.len);
        len = next;
        next += step ? step : 1;
    }
    if (text.len > FAILURE_TEXT_MAX) {
        buf_add(&cut, text.data, len);
        buf_add_str(&cut, CUT);
        text = buf_span(&cut);
    }
    json_key(o, name);
    text.len ? json_text(o, text) : json_null(o);
    buf_done(&cut);
}

static void put_link(struct json_out *o, const char *public_url, const char *id)
{
    struct buf link = BUF_INIT;
    struct span root = url_root(span_str(public_url));
    buf_add_span(&link, root);
    buf_printf(&link, "/fx/executions/%s", id);
    json_put_str(o, "link", root.len ? buf_text(&link) : NULL);
    buf_done(&link);
}

static void put_event(struct json_out *o, const struct failure *failure)
{
    const struct execution *execution = failure->execution;
    struct span id = failure->event ? failure->event->id : SPAN_NONE;
    char cid[UUID_TEXT];
    uuid_format(&execution->cid, cid);
    if (failure->event && !id.len)
        id = span_str(cid);
    json_put_int(o, "event_seq", (int64_t)execution->event_seq);
    put_bounded(o, "event_id", id);
    json_put_text(o, "event_type", execution->event_type);
}

static void put_step(struct json_out *o, const struct attempt_result *last)
{
    json_key(o, "step");
    last && last->step.len ? json_text(o, last->step) : json_null(o);
    json_key(o, "exit_code");
    last && last->exit_code >= 0 ? json_int(o, last->exit_code) : json_null(o);
}

void failure_format(const struct failure *failure, struct json_out *out)
{
    const struct execution *execution = failure->execution;
    char id[UUID_TEXT], cid[UUID_TEXT], version[16];
    uuid_format(&execution->id, id);
    uuid_format(&execution->cid, cid);
    snprintf(version, sizeof version, "%u", execution->pipeline_version);
    json_open(out, '{');
    json_put_str(out, "execution_id", id);
    json_put_text(out, "service", execution->pipeline_name);
    json_put_text(out, "pipeline_id", execution->pipeline_id);
    json_put_str(out, "pipeline_version", version);
    json_put_str(out, "cid", cid);
    put_event(out, failure);
    json_put_int(out, "attempt", execution->attempt);
    put_step(out, failure->last);
    put_bounded(out, "error", execution->error);
    json_key(out, "datetime");
    json_time(out, execution->created_ms);
    json_key(out, "failed");
    json_time(out, failure->failed_ms);
    put_link(out, failure->public_url, id);
    json_close(out, '}');
}
