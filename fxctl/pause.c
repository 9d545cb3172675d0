/* pause - has intake, the dispatcher or a pipeline wait, and go on. */
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "fxctl/operand.h"
#include "store/pauses.h"

/* One change, which may be made more than once until it is stored. */
struct change {
    enum pause_kind kind;
    bool resume;
    const char *word; /* the pipeline's; NULL: there is none */
    char id[PIPELINE_ID_MAX + 1];
    struct span reason;
};

static enum err mutate(struct store_txn *txn, void *context)
{
    struct change *change = context;
    enum err err = change->word ? operand_pipeline(txn, change->word, change->id) : ERR_OK;
    if (err)
        return err;
    const struct pause pause = {
        change->kind, span_str(change->id), clock_wall_ms(), change->reason};
    if (!change->resume)
        return pauses_set(txn, &pause);
    err = pauses_lift(txn, change->kind, span_str(change->id));
    return err == ERR_NOTFOUND ? ERR_OK : err; /* it goes on already */
}

/* Reads --reason. EXIT_DONE or EXIT_USAGE. */
static int read_reason(const struct fxctl *ctl, struct span *ret_reason)
{
    const char *reason = fxctl_option(ctl, "reason");
    *ret_reason = span_str(reason ? reason : "");
    if (ret_reason->len <= PAUSE_REASON_MAX && utf8_is(ret_reason->data, ret_reason->len))
        return EXIT_DONE;
    fxctl_say("fxctl: --reason: must be a text of at most %d bytes", PAUSE_REASON_MAX);
    return EXIT_USAGE;
}

static void tell(const struct change *change)
{
    static const char *const paused[PAUSE__MAX] = {
        [PAUSE_INTAKE] = "Intake is paused: events are refused (503).",
        [PAUSE_DISPATCHER] =
            "The dispatcher is paused: what runs comes to its end, all else waits.",
        [PAUSE_PIPELINE] = "The pipeline is paused: what runs comes to its end, its events wait.",
    };
    if (change->resume)
        fxctl_say("%s goes on.", change->kind == PAUSE_INTAKE       ? "Intake"
                                 : change->kind == PAUSE_DISPATCHER ? "The dispatcher"
                                                                    : "The pipeline");
    else
        fxctl_say("%s", paused[change->kind]);
}

static int make(struct fxctl *ctl, enum pause_kind kind, bool resume)
{
    struct change change = {.kind = kind, .resume = resume};
    change.word = kind == PAUSE_PIPELINE ? ctl->operands[0] : NULL;
    int status = resume ? EXIT_DONE : read_reason(ctl, &change.reason);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    enum err err = store_write(ctl->store, STORE_WAKE, mutate, &change);
    if (err == ERR_NOTFOUND)
        return operand_unknown(ctl, change.word, 0);
    if (err)
        return fxctl_failed(err);
    tell(&change);
    return EXIT_DONE;
}

static int pause_intake(struct fxctl *ctl)
{
    return make(ctl, PAUSE_INTAKE, false);
}

static int pause_dispatcher(struct fxctl *ctl)
{
    return make(ctl, PAUSE_DISPATCHER, false);
}

static int pause_pipeline(struct fxctl *ctl)
{
    return make(ctl, PAUSE_PIPELINE, false);
}

static int resume_intake(struct fxctl *ctl)
{
    return make(ctl, PAUSE_INTAKE, true);
}

static int resume_dispatcher(struct fxctl *ctl)
{
    return make(ctl, PAUSE_DISPATCHER, true);
}

static int resume_pipeline(struct fxctl *ctl)
{
    return make(ctl, PAUSE_PIPELINE, true);
}

static const struct option_rule pause_options[] = {
    {"reason", "TEXT", OPTION_FREE, "a sentence, which is shown, and which refused senders get"},
    {0},
};

const struct command pause_commands[] = {
    {
        .name = "pause intake",
        .options = pause_options,
        .summary = "refuse events, until \"resume intake\"",
        .details =
            "Senders get 503 with Retry-After, and the sentence of --reason. What was accepted\n"
            "before is run, schedules tick, and what steps emit is taken.",
        .run = pause_intake,
    },
    {
        .name = "pause dispatcher",
        .options = pause_options,
        .summary = "start nothing more, until \"resume dispatcher\"",
        .details = "Events are taken in and wait. What runs comes to its end.",
        .run = pause_dispatcher,
    },
    {
        .name = "pause pipeline",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .options = pause_options,
        .summary = "start nothing more of a pipeline, until \"resume pipeline\"",
        .details = "Its events wait, and none is lost. What runs comes to its end.",
        .run = pause_pipeline,
    },
    {
        .name = "resume intake",
        .summary = "take events in again",
        .run = resume_intake,
    },
    {
        .name = "resume dispatcher",
        .summary = "start again what waits",
        .run = resume_dispatcher,
    },
    {
        .name = "resume pipeline",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "start again what waits of a pipeline",
        .run = resume_pipeline,
    },
    {0},
};
