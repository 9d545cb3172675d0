/* retention - what is kept for how long, and what would go. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/json.h"
#include "fxctl/table.h"
#include "store/events.h"
#include "store/retention.h"

#define EVENTS_A_LOOK 1000 /* of one read transaction */

/* Counts what has come to its age, some events a transaction. */
static enum err count(struct fxctl *ctl, struct retention_sweep *sweep)
{
    enum err err;
    sweep->dry = true;
    sweep->most = EVENTS_A_LOOK;
    do {
        struct store_txn *txn;
        uint64_t cursor;
        err = store_read_begin(ctl->store, &txn);
        if (err)
            return err;
        err = events_cursor(txn, &cursor);
        sweep->below = cursor + 1;
        if (!err)
            err = retention_walk(txn, sweep);
        store_read_end(txn);
    } while (!err && sweep->more);
    return err;
}

static enum err add_kind(struct fxctl *ctl, enum retention_kind kind, struct json_out *out)
{
    int64_t age_ms = retention_age_ms(&ctl->home.config, kind);
    struct retention_sweep sweep = {.kind = kind, .before_ms = clock_wall_ms() - age_ms};
    enum err err = age_ms && fxctl_option(ctl, "dry-run") ? count(ctl, &sweep) : ERR_OK;
    json_open(out, '{');
    json_put_str(out, "what", retention_name(kind));
    json_key(out, "days");
    if (age_ms)
        json_int(out, age_ms / (24 * 3600 * 1000));
    else
        json_null(out);
    if (fxctl_option(ctl, "dry-run")) {
        json_put_int(out, "events", (int64_t)sweep.count);
        json_put_int(out, "bytes", (int64_t)sweep.bytes);
    }
    json_close(out, '}');
    return err;
}

static int retention(struct fxctl *ctl)
{
    static const struct column columns[] = {
        {"WHAT", "what", false},
        {"DAYS", "days", true},
        {"EVENTS", "events", true},
        {"BYTES", "bytes", true},
        {0},
    };
    struct buf rows = BUF_INIT, text = BUF_INIT;
    struct json_out out = json_out_to(&rows);
    enum err err = ERR_OK;
    int status = fxctl_open(ctl, STORE_READ_ONLY);
    if (status)
        return status;
    json_open(&out, '[');
    for (enum retention_kind kind = 0; !err && kind < RETENTION_KIND__MAX; kind++)
        err = add_kind(ctl, kind, &out);
    json_close(&out, ']');
    if (!err && !ctl->json)
        table_rows(buf_span(&rows), columns, &text);
    if (!err)
        fxctl_print(ctl->json ? &rows : &text);
    buf_done(&rows);
    buf_done(&text);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

static const struct option_rule retention_options[] = {
    {"dry-run", NULL, OPTION_FREE,
        "count what has come to its age: events that something would be\ntaken of, and bytes"},
    {0},
};

const struct command retention_commands[] = {
    {
        .name = "retention",
        .options = retention_options,
        .summary = "show what is kept for how long, and what would go now",
        .details =
            "[retention] in fx.conf says how long payloads, logs (what steps have saved and\n"
            "written) and rows (events and executions themselves) are kept; a dispatcher\n"
            "takes away what is older, from the oldest on, and never what waits or runs.",
        .run = retention,
    },
    {0},
};
