/* status - how a home fares, on one page. */
#include <inttypes.h>
#include <string.h>

#include "fxctl/trigger.h"
#include "view/health.h"
#include "view/overview.h"

/* "1.5 GiB" */
static void add_bytes(int64_t bytes, struct buf *out)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double amount = (double)bytes;
    size_t unit = 0;
    for (; amount >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        amount /= 1024;
    buf_printf(out, unit ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}

static void add_dispatcher(const struct overview *overview, struct buf *out)
{
    buf_add_str(out, "\ndispatcher  ");
    if (overview->alive)
        buf_printf(out, "alive, process %ld", (long)overview->pid);
    else if (overview->pid)
        buf_printf(out, "process %ld runs, but has not shown itself lately", (long)overview->pid);
    else
        buf_add_str(out, "none runs; events wait until one does");
}

/* How far scripts are confined, and whom they run as. */
static void add_steps(const struct fxctl *ctl, const struct overview *overview, struct buf *out)
{
    const struct config *config = &ctl->home.config;
    bool off = strcmp(config->step_confine, "off") == 0;
    bool fails = overview->missing.len && strcmp(config->step_confine, "require") == 0;
    buf_add_str(out, "steps       scripts ");
    buf_add_str(out, off                     ? "are not confined (confine = off)"
                     : fails                 ? "FAIL: they cannot be confined as required"
                     : overview->missing.len ? "are confined in part"
                                             : "are confined");
    if (overview->account.len)
        buf_printf(out, "; their account is %s", buf_text(&overview->account));
    if (!off && *config->step_unconfined)
        buf_printf(out, "; exempted: %s", config->step_unconfined);
    if (!off && overview->missing.len)
        buf_printf(out, "\n            %s", buf_text(&overview->missing));
    buf_add_char(out, '\n');
}

static void write_text(const struct fxctl *ctl, const struct overview *overview, struct buf *text)
{
    buf_printf(text, "home        %s", ctl->home.dir);
    add_dispatcher(overview, text);
    buf_printf(text,
        "\nevents      %" PRIu64 " in the log, the last is number %" PRIu64
        ", routed up to %" PRIu64 ", %" PRIu64 " waiting\nexecutions  ",
        overview->kept, overview->last, overview->routed, overview->waiting);
    for (enum status s = 0; s < STATUS__MAX; s++)
        buf_printf(text, "%s%" PRIu64 "%s %s", s ? ", " : "", overview->count[s],
            overview->at_least[s] ? " or more" : "", status_name(s));
    buf_add_str(text, "\nstore       ");
    add_bytes(overview->room.used_bytes, text);
    buf_add_str(text, " used of at most ");
    add_bytes(overview->room.max_bytes, text);
    buf_add_str(text, ", ");
    add_bytes(overview->room.disk_free_bytes, text);
    buf_add_str(text, overview->room.accepting ? " free on the disk, accepting events\n"
                                               : " free on the disk, TOO FULL to accept events\n");
    add_steps(ctl, overview, text);
    struct buf table = BUF_INIT;
    table_rows(buf_span(&overview->triggers), trigger_columns, &table);
    buf_add_str(text, table.len ? "\n" : "triggers    none is started\n");
    buf_add_span(text, buf_span(&table));
    if (overview->next[0])
        buf_add_str(text, "There are more triggers; see all with: fxctl trigger status\n");
    buf_done(&table);
}

/* In a home that nobody has used, says what to do first. */
static void tell_first_steps(const struct fxctl *ctl, const struct overview *overview)
{
    struct buf text = BUF_INIT;
    if (overview->last)
        return;
    buf_add_str(&text, "Nothing has come in yet. A script of yours in scripts/ of the home is "
                       "started by events so:\n  ");
    fxctl_add_command(ctl, "pipeline apply", span_str("FILE"), &text);
    buf_add_str(&text, "\n  ");
    fxctl_add_command(ctl, "trigger start", span_str("NAME"), &text);
    buf_add_str(&text, "\n  ");
    fxctl_add_command(ctl, "key create --scope events --name", span_str("NAME"), &text);
    buf_add_str(
        &text, "\nA definition, FILE, is as those of examples/; fxctl man | man -l - has more.");
    fxctl_say("%s", buf_text(&text));
    buf_done(&text);
}

/* Says what keeps events from being taken in or run. EXIT_NO where anything does. */
static int judge(const struct fxctl *ctl)
{
    static const enum health_check grave[] = {
        HEALTH_STORE, HEALTH_ROOM, HEALTH_INTAKE, HEALTH_DISPATCHER};
    struct health health;
    int status = EXIT_DONE;
    health_look(ctl->store, &ctl->home, &health);
    for (size_t i = 0; i < sizeof grave / sizeof grave[0]; i++) {
        const struct health_finding *finding = &health.findings[grave[i]];
        if (!finding->bad)
            continue;
        status = EXIT_NO;
        fxctl_say("%s %s", buf_text(&finding->reason), buf_text(&finding->remedy));
    }
    if (health.findings[HEALTH_PAUSES].bad)
        fxctl_say("%s", buf_text(&health.findings[HEALTH_PAUSES].reason));
    health_done(&health);
    return status;
}

static int status(struct fxctl *ctl)
{
    struct overview overview;
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    int status = fxctl_open(ctl, STORE_READ_ONLY);
    if (status)
        return status;
    enum err err = overview_read(ctl->store, &ctl->home, &overview);
    if (err)
        status = fxctl_failed(err);
    else if (ctl->json)
        overview_print(&overview, &ctl->home, &out);
    else
        write_text(ctl, &overview, &text);
    fxctl_print(&text);
    if (!err && !ctl->json)
        tell_first_steps(ctl, &overview);
    if (!err)
        status = judge(ctl);
    buf_done(&text);
    overview_done(&overview);
    return status;
}

const struct command status_commands[] = {
    {
        .name = "status",
        .summary = "show how the home fares: dispatcher, events, executions, triggers, room",
        .details =
            "Pending and running executions are counted exactly; final ones up to 100000 of\n"
            "each status, since their number grows with history. Scripts are confined as fx.conf\n"
            "says ([step] confine, unconfined, user); what this system lacks for that is named.\n"
            "The exit status is 1 where events are refused, or where no dispatcher runs and one "
            "is\n"
            "expected: not with on_demand, nor within two minutes of one with --once.",
        .run = status,
    },
    {0},
};
