/* execution - what came of events: by correlation id, in lists, and one by one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "fxctl/event_text.h"
#include "fxctl/help.h"
#include "fxctl/id.h"
#include "fxctl/listing.h"
#include "fxctl/operand.h"
#include "fxctl/pages.h"
#include "fxctl/read.h"
#include "fxctl/text.h"
#include "fxctl/when.h"
#include "home/alive.h"
#include "store/executions.h"
#include "view/cid.h"
#include "view/execution.h"

/* cid */

#define WAIT_DEFAULT_S 30
#define WAIT_MAX_S 86400
#define WAIT_STEP_US 10000 /* between two looks at the number of the last commit */

/* Looks until the cid is settled or the time is up; at least once. */
static enum err wait_for_cid(
    struct store *store, const struct uuid *cid, int64_t wait_ms, bool *ret_settled)
{
    int64_t until_ms = clock_mono_ms() + wait_ms;
    struct uuid look = UUID_NONE;
    for (;;) {
        struct store_txn *txn;
        enum err err = store_read_begin(store, &txn);
        if (err)
            return err;
        err = cid_is_settled(txn, cid, &look, ret_settled);
        uint64_t seen = store_txn_sees(txn);
        store_read_end(txn);
        if (err || *ret_settled || clock_mono_ms() >= until_ms)
            return err;
        do {
            usleep(WAIT_STEP_US);
        } while (store_last_commit(store) == seen && clock_mono_ms() < until_ms);
    }
}

/* Reads --wait, in milliseconds; 0 without that option. EXIT_DONE or EXIT_USAGE. */
static int read_wait(const struct fxctl *ctl, int64_t *ret_wait_ms)
{
    const char *text = fxctl_option(ctl, "wait");
    char *end = NULL;
    double seconds = !text ? 0 : *text ? strtod(text, &end) : WAIT_DEFAULT_S;
    if ((end && *end) || !(seconds >= 0 && seconds <= WAIT_MAX_S))
        return help_usage(ctl, "--wait: must be a number of seconds from 0 to %d", WAIT_MAX_S);
    *ret_wait_ms = (int64_t)(seconds * 1000);
    return EXIT_DONE;
}

struct cid {
    struct uuid id, next;
};

static enum err print_page(struct fxctl *ctl, struct store_txn *txn, struct page *page,
    struct json_out *out, void *context, bool *ret_more)
{
    struct cid *cid = context;
    (void)ctl;
    enum err err = cid_page(txn, &cid->id, &cid->next, page, out, &cid->next);
    *ret_more = !uuid_is_none(&cid->next);
    return err;
}

static void begin(struct json_out *out, void *context)
{
    const struct cid *cid = context;
    cid_begin(&cid->id, out);
}

static void end(struct json_out *out, void *context)
{
    const struct cid *cid = context;
    cid_end(&cid->next, out);
}

static enum err print_cid(struct fxctl *ctl, const struct uuid *id, bool settled)
{
    static const struct column columns[] = {
        {"SERVICE", "service", false},
        {"STATUS", "status", false},
        {"ATTEMPT", "attempt", true},
        {"DATETIME", "datetime", false},
        {"SECONDS", "execution_time", true},
        {"ID", "execution_id", false},
        {"NEXT ATTEMPT", "next_attempt", false},
        {"ERROR", "error", .most = TABLE_ERROR_MAX},
        {0},
    };
    const struct pages pages = {.columns = columns,
        .none = settled ? "No pipeline was started for this event."
                        : "The dispatcher has not come to this event yet.",
        .brief = !ctl->json,
        .print = print_page,
        .begin = begin,
        .end = end};
    struct cid cid = {*id, UUID_NONE};
    return pages_print(ctl, &pages, &cid);
}

static int cid(struct fxctl *ctl)
{
    struct uuid id;
    int64_t wait_ms = 0;
    bool settled = false;
    int status = read_wait(ctl, &wait_ms);
    if (!status)
        status = id_open(ctl, ID_CID, STORE_READ_ONLY, &id);
    if (status)
        return status;
    enum err err = wait_for_cid(ctl->store, &id, wait_ms, &settled);
    if (!err)
        err = print_cid(ctl, &id, settled);
    if (err)
        return fxctl_failed(err);
    if (settled || !fxctl_option(ctl, "wait"))
        return EXIT_DONE;
    return fxctl_refuse(
        "not settled in time%s", alive_is(&ctl->home) ? "" : "; no dispatcher runs in this home");
}

/* executions */

/* Reads the options into the query. EXIT_DONE or EXIT_USAGE. */
static int read_query(const struct fxctl *ctl, struct execution_query *query)
{
    const char *since = fxctl_option(ctl, "since");
    *query = (struct execution_query){0};
    int status = listing_option(ctl, "status", "status", query);
    if (!status)
        status = listing_option(ctl, "service", "service", query);
    if (!status)
        status = listing_option(ctl, "event-type", "event_type", query);
    if (!status && since && !when_parse(since, clock_wall_ms(), -1, &query->since_ms))
        status = help_usage(ctl, "--since: must be " WHEN_RIGHT);
    return status ? status : listing_options(ctl, query);
}

/* What an empty list is told as: nothing fits what was asked for, or nothing is there at all. */
static const char *none_of(const struct fxctl *ctl)
{
    static const char *const asked[] = {"status", "service", "event-type", "since", "after"};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        if (fxctl_option(ctl, asked[i]))
            return "No execution fits these options.";
    return "There is no execution yet.";
}

/* The same, with pipelines whose name is like the one that was asked for. */
static void add_none(const struct fxctl *ctl, struct buf *out)
{
    const char *service = fxctl_option(ctl, "service");
    struct store_txn *txn;
    char id[PIPELINE_ID_MAX + 1];
    enum err err = ERR_OK;
    buf_add_str(out, none_of(ctl));
    if (!service || store_read_begin(ctl->store, &txn))
        return;
    err = operand_pipeline(txn, service, id);
    store_read_end(txn);
    if (err != ERR_NOTFOUND)
        return;
    buf_printf(out, " There is no pipeline \"%s\"", service);
    operand_add_meant(ctl, service, out);
    if (out->data[out->len - 1] != '?')
        buf_add_char(out, '.');
}

static int executions(struct fxctl *ctl)
{
    struct execution_query query;
    struct buf text = BUF_INIT, none = BUF_INIT;
    int status = read_query(ctl, &query);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_ONLY);
    if (status)
        return status;
    add_none(ctl, &text);
    text_add_line(buf_span(&text), &none);
    status = listing_answer(ctl, &query, "executions", buf_text(&none));
    buf_done(&text);
    buf_done(&none);
    return status;
}

/* execution show */

/* Adds a step's state, and below it, further in, the step's output. */
static void add_step(struct span step, struct buf *out)
{
    struct buf log = BUF_INIT;
    struct json_item item;
    buf_add_str(out, "  ");
    table_value(step, "name", out);
    buf_add_str(out, "  ");
    table_value(step, "status", out);
    if (json_find(step, "seconds", &item) && item.type == JSON_NUMBER) {
        buf_add_str(out, "  ");
        table_value(step, "seconds", out);
        buf_add_str(out, " s");
    }
    if (json_find(step, "exit_code", &item) && item.type == JSON_NUMBER) {
        buf_add_str(out, "  exit ");
        table_value(step, "exit_code", out);
    }
    buf_add_char(out, '\n');
    if (json_find(step, "log", &item) && item.type == JSON_STRING) {
        json_unescape(item.value, &log);
        text_add_lines(buf_span(&log), "    | ", out);
    }
    buf_done(&log);
}

static bool is_empty(struct span array)
{
    struct json_walk walk = json_walk_start(array);
    struct json_item item;
    return !json_walk_next(&walk, &item);
}

static void add_attempts(struct span attempts, struct buf *out)
{
    static const struct column columns[] = {
        {"ATTEMPT", "attempt", true},
        {"STARTED", "started", false},
        {"SECONDS", "seconds", true},
        {"STATUS", "status", false},
        {"STEP", "step", false},
        {"EXIT", "exit_code", true},
        {"VERSION", "pipeline_version", true},
        {"ERROR", "error", false},
        {0},
    };
    if (is_empty(attempts))
        buf_add_str(out, "  none was begun\n");
    else
        table_rows(attempts, columns, out);
}

static void add_execution(struct span execution, struct buf *out)
{
    static const struct column facts[] = {
        {"id", "execution_id", false},
        {"service", "service", false},
        {"version", "pipeline_version", false},
        {"status", "status", false},
        {"error", "error", false},
        {"attempt", "attempt", false},
        {"next attempt", "next_attempt", false},
        {"datetime", "datetime", false},
        {"seconds", "execution_time", false},
        {"event type", "event_type", false},
        {"cid", "cid", false},
        {"parent", "parent_execution_id", false},
        {"pipeline", "pipeline_id", false},
        {0},
    };
    struct json_walk walk = json_walk_start(table_member(execution, "steps"));
    struct json_item step;
    table_facts(execution, facts, out);
    buf_add_str(out, "\nattempts\n");
    add_attempts(table_member(execution, "attempts"), out);
    buf_add_str(out, "\nsteps\n");
    for (size_t i = 0; json_walk_next(&walk, &step); i++)
        add_step(step.value, out);
    if (is_empty(table_member(execution, "steps")))
        buf_add_str(out, "  no attempt has told of any yet\n");
    buf_add_str(out, "\ndata\n  ");
    text_add_line(table_member(execution, "data"), out);
    buf_add_char(out, '\n');
}

/* What is asked for, and the event that came in, where that is shown beside the document. */
struct shown {
    struct uuid id;
    struct buf event; /* a CloudEvent in JSON; empty: not kept, or not asked for */
};

static enum err print_execution(
    struct fxctl *ctl, struct store_txn *txn, struct json_out *out, void *context)
{
    struct shown *shown = context;
    struct event event;
    size_t bytes = (size_t)ctl->home.config.web_reply_bytes;
    enum err err = execution_print(txn, &ctl->home, &shown->id, bytes, out);
    if (err || ctl->json)
        return err;
    err = execution_event(txn, &shown->id, &event);
    if (!err)
        event_format(&event, &shown->event);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static int no_execution(const struct fxctl *ctl, const void *context)
{
    (void)context;
    return fxctl_refuse("there is no execution %s", ctl->operands[0]);
}

static int show(struct fxctl *ctl)
{
    struct shown shown = {.event = BUF_INIT};
    struct buf json = BUF_INIT, text = BUF_INIT;
    int status = id_open(ctl, ID_EXECUTION, STORE_READ_ONLY, &shown.id);
    if (!status)
        status = read_document(ctl, print_execution, &shown, no_execution, &json);
    if (!status && !ctl->json) {
        add_execution(buf_span(&json), &text);
        buf_add_str(&text, "\nevent\n");
        event_text_brief(buf_span(&shown.event), ctl->operands[0], &text);
    }
    if (!status)
        fxctl_print(ctl->json ? &json : &text);
    buf_done(&shown.event);
    buf_done(&json);
    buf_done(&text);
    return status;
}

/* execution event */

static enum err print_event(
    struct fxctl *ctl, struct store_txn *txn, struct json_out *out, void *context)
{
    struct event event;
    enum err err = execution_event(txn, context, &event);
    if (!err && fxctl_option(ctl, "payload"))
        buf_add_span(out->buf, event.data);
    else if (!err)
        event_format(&event, out->buf);
    return err;
}

static int event(struct fxctl *ctl)
{
    struct uuid id;
    struct buf document = BUF_INIT, text = BUF_INIT;
    int status = id_open(ctl, ID_EXECUTION, STORE_READ_ONLY, &id);
    if (!status)
        status = read_document(ctl, print_event, &id, no_execution, &document);
    if (!status && fxctl_option(ctl, "payload")) {
        if (document.len)
            fwrite(document.data, 1, document.len, stdout); /* as it came: no line end is added */
    } else if (!status) {
        if (!ctl->json)
            event_text(buf_span(&document), ctl->operands[0], &text);
        fxctl_print(ctl->json ? &document : &text);
    }
    buf_done(&document);
    buf_done(&text);
    return status;
}

static const struct option_rule cid_options[] = {
    {"wait", "SECONDS", OPTION_BARE,
        "wait until nothing more will come of it; at most 30 seconds\nwhere no number is given"},
    {0},
};

static const struct option_rule event_options[] = {
    {"payload", NULL, OPTION_FREE, "print the bytes of the payload as they came, and nothing else"},
    {0},
};

static const struct option_rule executions_options[] = {
    {"status", "STATUS", OPTION_FREE, "pending, in_progress, completed, failed or skipped"},
    {"service", "NAME", OPTION_FREE, "of this pipeline"},
    {"event-type", "TYPE", OPTION_FREE, "for events of this type"},
    {"since", "WHEN", OPTION_FREE,
        "created since then: an RFC 3339 time, or how long ago, such as\n30m, 12h or 7d"},
    LISTING_OPTIONS,
    {0},
};

const struct command execution_commands[] = {
    {
        .name = "cid",
        .operands = "CID",
        .operands_min = 1,
        .operands_max = 1,
        .options = cid_options,
        .summary = "show what came of an event, by its correlation id",
        .details =
            "Shows every execution of the event and of the events that followed from it, in\n"
            "the order of their creation. With --wait the exit status is 1 when the time was\n"
            "up first; a failed execution is an answer like any other.",
        .run = cid,
    },
    {
        .name = "executions",
        .options = executions_options,
        .summary = "list executions, newest first",
        .details = "The table shows the beginning of the error, and when the next attempt is due.",
        .run = executions,
    },
    {
        .name = "execution show",
        .operands = "ID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "show one execution with its attempts, its steps, their output and its data",
        .details =
            "The last 100 attempts are listed; the steps are those of the last one, with the\n"
            "end of their output. Where the output takes more than reply_bytes of [web] in\n"
            "fx.conf, each step has an equal part of that. What it ran for stands below, with\n"
            "the first 1024 bytes of the payload.",
        .run = show,
    },
    {
        .name = "execution event",
        .operands = "ID",
        .operands_min = 1,
        .operands_max = 1,
        .options = event_options,
        .summary = "show the event that an execution ran for, with its payload",
        .details =
            "With --json it is the CloudEvent that a step gets on standard input, so a script\n"
            "can be tried with what broke it.",
        .run = event,
    },
    {0},
};
