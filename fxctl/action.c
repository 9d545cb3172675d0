/* action - what people do to executions: run, retry, skip, cancel, explain. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "fxctl/id.h"
#include "fxctl/input.h"
#include "fxctl/operand.h"
#include "fxctl/read.h"
#include "store/actions.h"
#include "view/explain.h"

/* run */

struct run {
    const char *pipeline;
    char id[PIPELINE_ID_MAX + 1];
    struct action_run action;
};

static enum err run_mutation(struct store_txn *txn, void *context)
{
    struct run *run = context;
    enum err err = operand_pipeline(txn, run->pipeline, run->id);
    run->action.pipeline_id = span_str(run->id);
    return err ? err : actions_run(txn, &run->action, clock_wall_ms());
}

static void print_run(const struct fxctl *ctl, const struct run *run)
{
    struct buf text = BUF_INIT;
    struct json_out o = json_out_to(&text);
    char execution[UUID_TEXT], cid[UUID_TEXT];
    uuid_format(&run->action.execution, execution);
    uuid_format(&run->action.cid, cid);
    if (ctl->json) {
        json_open(&o, '{');
        json_put_str(&o, "item", execution);
        json_put_str(&o, "cid", cid);
        json_close(&o, '}');
    } else {
        buf_add_str(&text, execution);
    }
    fxctl_print(&text);
    buf_done(&text);
}

static int run_pipeline(struct fxctl *ctl)
{
    struct run run = {.pipeline = ctl->operands[0], .action = {.payload = span_str("{}")}};
    struct buf text = BUF_INIT;
    int status = operand_version(ctl, &run.action.version);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_WRITE);
    if (!status && ctl->operand_count > 1)
        status = input_read_payload(ctl, ctl->operands[1], &text, &run.action.payload);
    if (!status) {
        enum err err = store_write(ctl->store, STORE_ACCEPT | STORE_WAKE, run_mutation, &run);
        if (!err)
            print_run(ctl, &run);
        else
            status = err == ERR_NOTFOUND ? operand_unknown(ctl, run.pipeline, run.action.version)
                                         : fxctl_failed(err);
    }
    buf_done(&text);
    return status;
}

/* retry, skip, cancel */

struct act {
    struct uuid id;
    enum err (*act)(struct store_txn *txn, const struct uuid *id, const char **ret_why);
    const char *why;
};

static enum err act_mutation(struct store_txn *txn, void *context)
{
    struct act *act = context;
    return act->act(txn, &act->id, &act->why);
}

static int act_on(struct fxctl *ctl,
    enum err (*action)(struct store_txn *txn, const struct uuid *id, const char **ret_why),
    const char *done)
{
    struct act act = {.act = action};
    int status = id_open(ctl, ID_EXECUTION, STORE_READ_WRITE, &act.id);
    if (status)
        return status;
    enum err err = store_write(ctl->store, STORE_WAKE, act_mutation, &act);
    if (err == ERR_NOTFOUND)
        return fxctl_refuse("there is no execution %s", ctl->operands[0]);
    if (err == ERR_GONE)
        return fxctl_refuse("the execution %s is kept no longer", ctl->operands[0]);
    if (err == ERR_CONFLICT)
        return fxctl_refuse("the execution stays as it is: %s", act.why);
    if (err)
        return fxctl_failed(err);
    fxctl_say("%s", done);
    return EXIT_DONE;
}

static enum err retry_mutation(struct store_txn *txn, void *context)
{
    return actions_retry(txn, context);
}

static int retry(struct fxctl *ctl)
{
    struct action_retry retry = {.version = 0};
    int status = operand_retry_version(ctl, &retry.asked);
    if (!status)
        status = id_open(ctl, ID_EXECUTION, STORE_READ_WRITE, &retry.execution);
    if (status)
        return status;
    enum err err = store_write(ctl->store, STORE_WAKE, retry_mutation, &retry);
    if (err == ERR_NOTFOUND)
        return fxctl_refuse("there is no execution %s", ctl->operands[0]);
    if (err == ERR_CONFLICT || err == ERR_INVALID || err == ERR_GONE)
        return fxctl_refuse("the execution stays as it is: %s", retry.why);
    if (err)
        return fxctl_failed(err);
    fxctl_say(
        "The execution is pending again, with version %" PRIu32 " of its pipeline.", retry.version);
    return EXIT_DONE;
}

static int skip(struct fxctl *ctl)
{
    return act_on(ctl, actions_skip, "The execution is skipped.");
}

static int cancel(struct fxctl *ctl)
{
    return act_on(ctl, actions_cancel, "The execution is being cancelled.");
}

/* explain */

/* Adds a line for one trigger of an event. */
static void add_trigger(struct span trigger, struct buf *out)
{
    struct json_item name = {0}, why = {0}, status = {0}, id = {0};
    (void)json_find(trigger, "service", &name);
    (void)json_find(trigger, "why", &why);
    (void)json_find(trigger, "status", &status);
    (void)json_find(trigger, "execution_id", &id);
    buf_add_str(out, "  ");
    json_unescape(name.value, out);
    if (id.type == JSON_STRING) {
        buf_add_str(out, "  matched: execution ");
        json_unescape(id.value, out);
        buf_add_str(out, " is ");
        json_unescape(status.value, out);
    } else {
        buf_add_str(out, "  no: ");
        json_unescape(why.value, out);
    }
    buf_add_char(out, '\n');
}

static void add_event(struct span event, struct buf *out)
{
    struct json_item type = {0}, topic = {0}, triggers = {0}, item;
    (void)json_find(event, "type", &type);
    (void)json_find(event, "topic", &topic);
    (void)json_find(event, "triggers", &triggers);
    buf_add_str(out, "event ");
    json_unescape(type.value, out);
    buf_add_str(out, " on the topic ");
    json_unescape(topic.value, out);
    buf_add_char(out, '\n');
    struct json_walk walk = json_walk_start(triggers.value);
    bool any = false;
    while (json_walk_next(&walk, &item)) {
        add_trigger(item.value, out);
        any = true;
    }
    if (!any)
        buf_add_str(out, "  no trigger is started, and no pipeline listens to the topic\n");
}

static void add_events(struct span explanation, struct buf *out)
{
    struct json_item events, item;
    size_t count = 0;
    if (!json_find(explanation, "events", &events))
        return;
    struct json_walk walk = json_walk_start(events.value);
    for (; json_walk_next(&walk, &item); count++)
        add_event(item.value, out);
    if (json_find(explanation, "more", &item) && span_eq_str(item.value, "true"))
        buf_printf(out, "and more: only the first %zu events are explained\n", count);
}

static enum err print_explanation(
    struct fxctl *ctl, struct store_txn *txn, struct json_out *out, void *context)
{
    struct page page = {.bytes = (size_t)ctl->home.config.web_reply_bytes};
    return explain_print(txn, context, &page, out);
}

static int explain(struct fxctl *ctl)
{
    struct uuid cid;
    struct buf json = BUF_INIT, text = BUF_INIT;
    int status = id_open(ctl, ID_CID, STORE_READ_ONLY, &cid);
    if (!status)
        status = read_document(ctl, print_explanation, &cid, NULL, &json);
    if (!status && !ctl->json)
        add_events(buf_span(&json), &text);
    if (!status)
        fxctl_print(ctl->json ? &json : &text);
    buf_done(&json);
    buf_done(&text);
    return status;
}

static const struct option_rule run_options[] = {
    {"version", "N", OPTION_FREE, "this version; else the latest"},
    {0},
};

static const struct option_rule retry_options[] = {
    RETRY_VERSION_OPTION,
    {0},
};

const struct command action_commands[] = {
    {
        .name = "pipeline run",
        .operands = "NAME-OR-ID [JSON|FILE|-]",
        .operands_min = 1,
        .operands_max = 2,
        .options = run_options,
        .summary = "run a pipeline by hand and print the execution's id",
        .details = "The payload is JSON, a file or standard input (-); {} where none is given.",
        .run = run_pipeline,
    },
    {
        .name = "execution retry",
        .operands = "ID",
        .operands_min = 1,
        .operands_max = 1,
        .options = retry_options,
        .summary = "try a failed or skipped execution again",
        .details =
            "With all its attempts before it. So is one that waits for its next attempt, which is "
            "then\n"
            "made at once. Where no trigger of its pipeline is started it waits with the runs by\n"
            "hand. Which version it goes by is said.",
        .run = retry,
    },
    {
        .name = "execution skip",
        .operands = "ID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "take a pending execution out of its queue",
        .details = "Where it had failed and waited for its next attempt, its error says so.",
        .run = skip,
    },
    {
        .name = "execution cancel",
        .operands = "ID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "end a pending or running execution",
        .details =
            "One that never ran is skipped; one that had failed and waits for its next attempt\n"
            "gets none, and is a dead letter; one that runs has failed.",
        .run = cancel,
    },
    {
        .name = "explain",
        .operands = "CID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "show which triggers matched an event, which did not, and why",
        .details =
            "Likewise for the events that followed from it, the first ones where there are very\n"
            "many.",
        .run = explain,
    },
    {0},
};
