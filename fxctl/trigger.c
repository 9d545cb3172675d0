/* trigger - starts, shows and stops the triggers of pipelines. */
#include "fxctl/trigger.h"

#include <string.h>

#include "base/clock.h"
#include "fxctl/operand.h"
#include "fxctl/pages.h"
#include "fxctl/read.h"
#include "fxctl/text.h"
#include "home/alive.h"
#include "view/schedule.h"
#include "view/trigger.h"

const struct column trigger_columns[] = {
    {"SERVICE", "service", false},
    {"TOPIC", "topic", false},
    {"VERSION", "pipeline_version", true},
    {"READY", "ready", false},
    {"INSTANCES", "instances", true},
    {"PENDING", "pending", true},
    {"RUNNING", "running", true},
    {"STARTED", "started", false},
    {"NEXT TICK", "next_ticks", .first = true},
    {0},
};

/* start and stop */

/* A change of one pipeline's trigger, and how it stood afterwards. */
struct change {
    const char *word;
    const struct home *home;
    int64_t now_ms;
    uint32_t version; /* to start; 0: the latest */
    bool was_started; /* before a stop */
    struct buf state; /* after a start, as trigger_print has it */
};

static enum err start_mutation(struct store_txn *txn, void *context)
{
    struct change *change = context;
    char id[PIPELINE_ID_MAX + 1];
    struct trigger trigger;
    enum err err = operand_pipeline(txn, change->word, id);
    if (!err)
        err = triggers_start(txn, span_str(id), change->version, change->now_ms);
    if (!err)
        err = triggers_get(txn, span_str(id), &trigger);
    buf_clear(&change->state);
    struct json_out out = json_out_to(&change->state);
    return err ? err : trigger_print(txn, change->home, &trigger, &out);
}

/* Says what starts the pipeline: events on a topic, a schedule, or both. */
static void add_starts(const struct change *change, struct buf *line)
{
    struct json_item topic;
    bool listens =
        json_find(buf_span(&change->state), "topic", &topic) && !span_eq_str(topic.value, "\"\"");
    if (listens) {
        buf_add_str(line, " listens for ");
        table_value(buf_span(&change->state), "topic", line);
    }
    if (table_member(buf_span(&change->state), "schedule").len) {
        buf_add_str(line, listens ? ", and runs by the schedule \"" : " runs by the schedule \"");
        table_value(buf_span(&change->state), "schedule", line);
        buf_add_str(line, "\" (UTC)");
    }
}

/* Adds the next ticks of a trigger that has a schedule, each on a new line. */
static void add_ticks(struct span state, struct buf *out)
{
    struct json_walk walk = json_walk_start(table_member(state, "next_ticks"));
    struct json_item tick;
    size_t count = 0;
    for (; json_walk_next(&walk, &tick); count++) {
        buf_add_str(out, "\n  ");
        json_unescape(tick.value, out);
    }
    if (count < SCHEDULE_TICKS)
        buf_add_str(out, count ? "\n  and none for years after that" : "\n  never, for years");
}

static void print_started(const struct fxctl *ctl, const struct change *change)
{
    const struct buf *state = &change->state;
    struct buf line = BUF_INIT;
    buf_add_str(&line, "Trigger started: ");
    table_value(buf_span(state), "service", &line);
    buf_add_str(&line, " version ");
    table_value(buf_span(state), "pipeline_version", &line);
    add_starts(change, &line);
    if (table_member(buf_span(state), "schedule").len) {
        buf_add_str(&line, ", next at:");
        add_ticks(buf_span(state), &line);
    } else {
        buf_add_char(&line, '.');
    }
    fxctl_say("%s", buf_text(&line));
    if (!alive_is(&ctl->home))
        fxctl_say("No dispatcher runs in this home; nothing is run until one does.");
    if (ctl->json)
        fxctl_print(state);
    buf_done(&line);
}

/* Says that nothing could start the pipeline, and what to do. EXIT_NO. */
static int refuse_unstarted(const struct fxctl *ctl, const char *word)
{
    struct buf command = BUF_INIT;
    fxctl_add_command(ctl, "pipeline run", span_str(word), &command);
    int status = fxctl_refuse("pipeline %s has neither an event nor a schedule that could start "
                              "it: set options.event to a "
                              "topic, or options.schedule, in its definition, apply it again, and "
                              "then start the trigger; "
                              "or run it by hand: %s",
        word, buf_text(&command));
    buf_done(&command);
    return status;
}

static int start(struct fxctl *ctl)
{
    struct change change = {.word = ctl->operands[0], .home = &ctl->home, .state = BUF_INIT};
    int status = operand_version(ctl, &change.version);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    change.now_ms = clock_wall_ms();
    enum err err = store_write(ctl->store, STORE_ACCEPT | STORE_WAKE, start_mutation, &change);
    if (!err)
        print_started(ctl, &change);
    else if (err == ERR_NOTFOUND)
        status = operand_unknown(ctl, change.word, change.version);
    else if (err == ERR_INVALID)
        status = refuse_unstarted(ctl, change.word);
    else
        status = fxctl_failed(err);
    buf_done(&change.state);
    return status;
}

static enum err stop_mutation(struct store_txn *txn, void *context)
{
    struct change *change = context;
    char id[PIPELINE_ID_MAX + 1];
    enum err err = operand_pipeline(txn, change->word, id);
    if (err)
        return err;
    err = triggers_stop(txn, span_str(id));
    change->was_started = err != ERR_NOTFOUND;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static int stop(struct fxctl *ctl)
{
    struct change change = {.word = ctl->operands[0]};
    int status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    enum err err = store_write(ctl->store, STORE_WAKE, stop_mutation, &change);
    if (err == ERR_NOTFOUND)
        return operand_unknown(ctl, change.word, 0);
    if (err)
        return fxctl_failed(err);
    fxctl_say(change.was_started
                  ? "Trigger of %s stopped: what runs finishes, what never ran is skipped, and "
                    "what waits to be tried again is a dead letter."
                  : "The trigger of %s was not started; nothing was changed.",
        change.word);
    if (ctl->json) {
        struct buf text = BUF_INIT;
        struct json_out out = json_out_to(&text);
        json_open(&out, '{');
        json_put_bool(&out, "was_started", change.was_started);
        json_close(&out, '}');
        fxctl_print(&text);
        buf_done(&text);
    }
    return EXIT_DONE;
}

/* status */

static enum err print_of_operand(
    struct fxctl *ctl, struct store_txn *txn, struct json_out *out, void *context)
{
    char id[PIPELINE_ID_MAX + 1];
    (void)context;
    enum err err = operand_pipeline(txn, ctl->operands[0], id);
    return err ? err : trigger_print_of(txn, &ctl->home, span_str(id), out);
}

/* `context`: the pipeline of the last trigger that was written, a char[PIPELINE_ID_MAX + 1]. */
static enum err print_page(struct fxctl *ctl, struct store_txn *txn, struct page *page,
    struct json_out *out, void *context, bool *ret_more)
{
    char *last = context;
    char next[PIPELINE_ID_MAX + 1];
    enum err err = trigger_print_page(txn, &ctl->home, span_str(last), page, out, next);
    memcpy(last, next, sizeof next);
    *ret_more = next[0];
    return err;
}

static int no_pipeline(const struct fxctl *ctl, const void *context)
{
    (void)context;
    return operand_unknown(ctl, ctl->operands[0], 0);
}

/* Answers with the state of one trigger. */
static void answer_one(const struct fxctl *ctl, const struct buf *state)
{
    struct json_item item;
    struct buf rows = BUF_INIT, text = BUF_INIT;
    bool started = json_find(buf_span(state), "service", &item);
    buf_printf(&rows, "[%s]", buf_text(state));
    if (started && !ctl->json)
        table_rows(buf_span(&rows), trigger_columns, &text);
    if (table_member(buf_span(state), "schedule").len) {
        buf_add_str(&text, "\nruns by the schedule \"");
        table_value(buf_span(state), "schedule", &text);
        buf_add_str(&text, "\" (UTC), next at:");
        add_ticks(buf_span(state), &text);
    }
    fxctl_print(ctl->json ? state : &text);
    if (!started)
        fxctl_say("The trigger of %s is not started.", ctl->operands[0]);
    buf_done(&rows);
    buf_done(&text);
}

static int status_of_one(struct fxctl *ctl)
{
    struct buf text = BUF_INIT;
    int status = read_document(ctl, print_of_operand, NULL, no_pipeline, &text);
    if (!status)
        answer_one(ctl, &text);
    buf_done(&text);
    return status;
}

static int status(struct fxctl *ctl)
{
    static const struct pages all = {.member = "triggers",
        .columns = trigger_columns,
        .none = "No trigger is started; start one with: fxctl trigger start NAME",
        .print = print_page};
    char last[PIPELINE_ID_MAX + 1] = "";
    return ctl->operand_count ? status_of_one(ctl) : pages_answer(ctl, &all, last);
}

static const struct option_rule start_options[] = {
    {"version", "N", OPTION_FREE, "the version to run; else the latest"},
    {0},
};

const struct command trigger_commands[] = {
    {
        .name = "trigger start",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .options = start_options,
        .summary = "run a pipeline for every event on its topic, or by its schedule, from now on",
        .details =
            "Replaces the trigger that the pipeline has, without losing an event: those\n"
            "accepted before belong to the old version, those accepted after to the new one.\n"
            "The topic is options.event of the pipeline's definition, its schedule\n"
            "options.schedule; one of them is needed.",
        .run = start,
    },
    {
        .name = "trigger status",
        .operands = "[NAME-OR-ID]",
        .operands_max = 1,
        .summary = "show the started triggers, or the one of a pipeline",
        .details =
            "Ready: the dispatcher runs and has taken the trigger up. Of one pipeline with a\n"
            "schedule its next five ticks are shown, in UTC.",
        .run = status,
    },
    {
        .name = "trigger stop",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "stop the trigger of a pipeline",
        .details =
            "What runs finishes; executions that never ran are skipped, and those that wait to be\n"
            "tried again are dead letters. Stopping a trigger that is not started changes nothing\n"
            "and succeeds.",
        .run = stop,
    },
    {0},
};
