/* status - how a home fares, on one page. */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "fxctl/trigger.h"
#include "home/alive.h"
#include "store/events.h"
#include "store/executions.h"

/*
 * Executions that wait or run are counted to the end, for an operator asks about them.
 * Final executions grow with history, so counting them stops here.
 */
#define COUNT_FINAL_MAX 100000

struct overview {
    pid_t pid; /* of the dispatcher; 0: none runs */
    bool alive;
    uint64_t first, last, routed; /* numbers of events */
    uint64_t count[STATUS__MAX];
    struct store_room room;
    struct buf triggers; /* JSON array */
};

struct counting {
    uint64_t count, max;
};

static bool count_one(const struct uuid *id, void *context)
{
    struct counting *counting = context;
    (void)id;
    return ++counting->count < counting->max;
}

static bool is_capped(const struct overview *overview, enum status status)
{
    return status_is_final(status) && overview->count[status] == COUNT_FINAL_MAX;
}

static enum err look(struct store_txn *txn, const struct home *home, struct overview *overview)
{
    struct json_out out = json_out_to(&overview->triggers);
    enum err err = events_first(txn, &overview->first);
    if (!err)
        err = events_last(txn, &overview->last);
    if (!err)
        err = events_cursor(txn, &overview->routed);
    for (enum status s = 0; !err && s < STATUS__MAX; s++) {
        struct counting counting = {0, status_is_final(s) ? COUNT_FINAL_MAX : UINT64_MAX};
        err = executions_in_status(txn, s, count_one, &counting);
        overview->count[s] = counting.count;
    }
    return err ? err : trigger_list(txn, home, &out);
}

static uint64_t events_kept(const struct overview *overview)
{
    return overview->first ? overview->last - overview->first + 1 : 0;
}

/* How many events the dispatcher has not come to yet. */
static uint64_t events_waiting(const struct overview *overview)
{
    return overview->last > overview->routed ? overview->last - overview->routed : 0;
}

static void write_executions(const struct overview *overview, struct json_out *o)
{
    json_key(o, "executions");
    json_open(o, '{');
    for (enum status s = 0; s < STATUS__MAX; s++)
        json_put_int(o, status_name(s), (int64_t)overview->count[s]);
    json_close(o, '}');
    json_key(o, "at_least"); /* counts that stopped at the limit */
    json_open(o, '[');
    for (enum status s = 0; s < STATUS__MAX; s++)
        if (is_capped(overview, s))
            json_str(o, status_name(s));
    json_close(o, ']');
}

static void write_json(const struct fxctl *ctl, const struct overview *overview, struct buf *text)
{
    struct json_out o = json_out_to(text);
    json_open(&o, '{');
    json_put_str(&o, "home", ctl->home.dir);
    json_key(&o, "dispatcher");
    json_open(&o, '{');
    json_put_bool(&o, "alive", overview->alive);
    json_key(&o, "pid");
    overview->pid ? json_int(&o, overview->pid) : json_null(&o);
    json_close(&o, '}');
    json_key(&o, "events");
    json_open(&o, '{');
    json_put_int(&o, "first", (int64_t)overview->first);
    json_put_int(&o, "last", (int64_t)overview->last);
    json_put_int(&o, "kept", (int64_t)events_kept(overview));
    json_put_int(&o, "routed", (int64_t)overview->routed);
    json_put_int(&o, "waiting", (int64_t)events_waiting(overview));
    json_close(&o, '}');
    write_executions(overview, &o);
    json_put_raw(&o, "triggers", buf_span(&overview->triggers));
    json_key(&o, "store");
    json_open(&o, '{');
    json_put_int(&o, "used_bytes", overview->room.used_bytes);
    json_put_int(&o, "max_bytes", overview->room.max_bytes);
    json_put_int(&o, "disk_free_bytes", overview->room.disk_free_bytes);
    json_put_bool(&o, "accepting", overview->room.accepting);
    json_close(&o, '}');
    json_close(&o, '}');
}

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

static void write_text(const struct fxctl *ctl, const struct overview *overview, struct buf *text)
{
    buf_printf(text, "home        %s", ctl->home.dir);
    add_dispatcher(overview, text);
    buf_printf(text,
        "\nevents      %" PRIu64 " in the log, the last is number %" PRIu64
        ", routed up to %" PRIu64 ", %" PRIu64 " waiting\nexecutions  ",
        events_kept(overview), overview->last, overview->routed, events_waiting(overview));
    for (enum status s = 0; s < STATUS__MAX; s++)
        buf_printf(text, "%s%" PRIu64 "%s %s", s ? ", " : "", overview->count[s],
            is_capped(overview, s) ? " or more" : "", status_name(s));
    buf_add_str(text, "\nstore       ");
    add_bytes(overview->room.used_bytes, text);
    buf_add_str(text, " used of at most ");
    add_bytes(overview->room.max_bytes, text);
    buf_add_str(text, ", ");
    add_bytes(overview->room.disk_free_bytes, text);
    buf_add_str(text, overview->room.accepting ? " free on the disk, accepting events\n"
                                               : " free on the disk, TOO FULL to accept events\n");
    struct buf table = BUF_INIT;
    table_rows(buf_span(&overview->triggers), trigger_columns, &table);
    buf_add_str(text, table.len ? "\n" : "triggers    none is started\n");
    buf_add_span(text, buf_span(&table));
    buf_done(&table);
}

static int status(struct fxctl *ctl)
{
    struct overview overview = {.triggers = BUF_INIT};
    struct store_txn *txn;
    struct buf text = BUF_INIT;
    int answer = fxctl_open(ctl, STORE_READ_ONLY);
    if (answer)
        return answer;
    overview.pid = alive_pid(&ctl->home);
    overview.alive = alive_is(&ctl->home);
    overview.room = store_room(ctl->store);
    enum err err = store_read_begin(ctl->store, &txn);
    if (!err) {
        err = look(txn, &ctl->home, &overview);
        store_read_end(txn);
    }
    if (err) {
        answer = fxctl_failed(err);
    } else {
        ctl->json ? write_json(ctl, &overview, &text) : write_text(ctl, &overview, &text);
        fxctl_print(&text);
    }
    buf_done(&text);
    buf_done(&overview.triggers);
    return answer;
}

const struct command status_commands[] = {
    {
        .name = "status",
        .summary = "show how the home fares: dispatcher, events, executions, triggers, room",
        .details =
            "Pending and running executions are counted exactly; final ones up to 100000 of\n"
            "each status, since their number grows with history.",
        .run = status,
    },
    {0},
};
