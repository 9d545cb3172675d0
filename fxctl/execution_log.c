/* execution_log - what the steps of an execution write, also as it comes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "fxctl/fxctl.h"
#include "fxctl/id.h"
#include "fxctl/text.h"
#include "view/step_log.h"

#define LOOK_US 5000 /* between two looks for something new, each for free */

/* A reading, from step to step. */
struct follow {
    struct fxctl *ctl;
    struct step_log_query query;  /* of the step at hand */
    char step[STEP_NAME_MAX + 1]; /* its name; "": none has begun */
    uint32_t attempt;             /* the one at hand */
    bool follows, is_alone;       /* goes on until the end; with the step that was asked for */
    struct buf line;              /* for a terminal, a line that has not ended */
    uint64_t gone;                /* bytes of the step at hand that it came too late for, untold */
    bool is_late;                 /* and some that are told */

    /* How things stood at the last look. */
    uint64_t seen;
    struct live_mark mark;
};

/* A terminal gets whole lines, without what would move its cursor. */
static void print_lines(struct follow *f, struct span bytes, bool last)
{
    struct buf text = BUF_INIT;
    buf_add_span(&f->line, bytes);
    const uint8_t *end = last || !f->line.len ? NULL : memrchr(f->line.data, '\n', f->line.len);
    size_t len = last ? f->line.len : end ? (size_t)(end + 1 - f->line.data) : 0;
    text_add_lines(span_of(f->line.data, len), "", &text);
    buf_drop(&f->line, len);
    fxctl_print(&text);
    buf_done(&text);
}

static void print_json(const struct step_log *log)
{
    struct buf text = BUF_INIT;
    struct json_out o = json_out_to(&text);
    json_open(&o, '{');
    json_put_str(&o, "step", log->step);
    json_put_int(&o, "attempt", log->attempt);
    json_put_int(&o, "from", (int64_t)log->from);
    json_put_text(&o, "log", buf_span(&log->bytes));
    json_close(&o, '}');
    fxctl_print(&text);
    buf_done(&text);
}

/* Whoever watches a flood is told when it begins, and at its end how much it was. */
static void tell_gone(struct follow *f, bool last)
{
    if (!f->gone || (f->is_late && !last))
        return;
    fxctl_say("%" PRIu64 "%s bytes of the log are not there any more%s", f->gone,
        f->is_late ? " more" : "", last ? "" : "; what else goes so is told at the end");
    f->is_late = true;
    f->gone = 0;
}

static void print(struct follow *f, const struct step_log *log)
{
    f->gone += log->from > f->query.from ? log->from - f->query.from : 0;
    tell_gone(f, log->is_whole || !f->follows);
    if (f->ctl->json && log->bytes.len)
        print_json(log);
    else if (!f->ctl->json && isatty(STDOUT_FILENO))
        print_lines(f, buf_span(&log->bytes), log->is_whole);
    else if (!f->ctl->json && log->bytes.len)
        fwrite(log->bytes.data, 1, log->bytes.len, stdout);
    fflush(stdout);
}

static void begin_step(struct follow *f, const char *name)
{
    snprintf(f->step, sizeof f->step, "%s", name);
    f->query.step = *name ? span_str(f->step) : SPAN_NONE;
    f->query.from = 0;
    f->is_late = false;
    if (*name && !f->is_alone && !f->ctl->json)
        fxctl_say("step %s:", name);
}

/* Another attempt begins with its first step. */
static void heed_attempt(struct follow *f, const struct step_log *log)
{
    if (f->attempt && f->attempt != log->attempt) {
        tell_gone(f, true);
        f->query.from = 0;
        f->is_late = false;
        if (!f->is_alone)
            begin_step(f, "");
        if (!f->ctl->json)
            fxctl_say("attempt %u:", log->attempt);
    }
    f->attempt = log->attempt;
}

/*
 * Prints what there is of the step at hand, or goes on to the next one. *ret_more says whether
 * there may be something else at once, *ret_over whether nothing will ever be.
 */
static enum err read_some(
    struct follow *f, struct store_txn *txn, bool *ret_more, struct step_log *log)
{
    const struct home *home = &f->ctl->home;
    enum err err = step_log_read(txn, home, &f->query, log);
    *ret_more = false;
    if (err || log->no_such_step)
        return err;
    if (f->attempt != log->attempt) {
        *ret_more = f->attempt > 0;
        heed_attempt(f, log);
    }
    if (*ret_more)
        return ERR_OK;
    if (*f->step || f->is_alone) {
        print(f, log);
        f->query.from = log->next;
    }
    if (f->is_alone || (*f->step && !log->is_whole))
        return ERR_OK;
    struct step_log_query next = {f->query.execution, f->query.step, true, 0};
    struct step_log behind;
    err = step_log_read(txn, home, &next, &behind);
    *ret_more = !err && *behind.step;
    if (*ret_more)
        begin_step(f, behind.step);
    if (!err)
        buf_done(&behind.bytes);
    return err;
}

static void wait_for_news(const struct follow *f)
{
    struct live_mark mark;
    do {
        usleep(LOOK_US);
        mark = live_look(&f->ctl->home, &f->query.execution);
    } while (live_is_same(&mark, &f->mark) && store_last_commit(f->ctl->store) == f->seen);
}

/* Looks once, and prints what is there. ERR_NOTFOUND: there is no such execution, or step. */
static enum err look(struct follow *f, bool *ret_over)
{
    struct store_txn *txn;
    struct step_log log = {.bytes = BUF_INIT};
    bool more = true;
    f->mark = live_look(&f->ctl->home, &f->query.execution);
    enum err err = store_read_begin(f->ctl->store, &txn);
    if (err)
        return err;
    f->seen = store_txn_sees(txn);
    while (!err && more) {
        err = read_some(f, txn, &more, &log);
        if (!err)
            buf_done(&log.bytes);
    }
    store_read_end(txn);
    *ret_over = log.is_over || (f->is_alone && log.is_whole);
    return !err && log.no_such_step ? ERR_CONFLICT : err;
}

static int run(struct fxctl *ctl)
{
    const char *step = fxctl_option(ctl, "step");
    struct follow f = {.ctl = ctl, .follows = fxctl_option(ctl, "follow"), .is_alone = step};
    bool over = false;
    int status = id_open(ctl, ID_EXECUTION, STORE_READ_ONLY, &f.query.execution);
    if (status)
        return status;
    if (step)
        f.query.step = span_str(step);
    enum err err = look(&f, &over);
    while (!err && f.follows && !over) {
        wait_for_news(&f);
        err = look(&f, &over);
    }
    print_lines(&f, SPAN_NONE, true);
    tell_gone(&f, true);
    buf_done(&f.line);
    if (err == ERR_CONFLICT)
        return fxctl_refuse("the execution has no step \"%s\"", step);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

static const struct option_rule options[] = {
    {"follow", NULL, OPTION_FREE,
        "go on as it grows, until the execution, or the step, has ended; also -f"},
    {"step", "NAME", OPTION_FREE, "of this step alone; else of all, one after another"},
    {0},
};

const struct command execution_log_commands[] = {
    {
        .name = "execution log",
        .operands = "ID",
        .operands_min = 1,
        .operands_max = 1,
        .options = options,
        .summary = "print what its steps write, also while they run",
        .details =
            "Standard output has the bytes as the steps have written them, some 10 ms later and\n"
            "without secrets, but for a terminal, which gets them in whole lines and without\n"
            "control characters. Which step and which attempt it is stands on standard error.\n"
            "With --json each piece is an object on a line of its own, with step, attempt, from\n"
            "(the number of its first byte) and log.",
        .run = run,
    },
    {0},
};
