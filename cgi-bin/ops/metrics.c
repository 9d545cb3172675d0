/* metrics - see metrics.h. */
#include "cgi-bin/ops/metrics.h"

#include "base/version.h"
#include "cgi-bin/ops/counted.h"
#include "cgi-bin/ops/exposition.h"
#include "cgi-bin/ops/programs.h"
#include "cgi-bin/ops/queues.h"
#include "home/alive.h"
#include "store/events.h"
#include "store/pauses.h"
#include "view/health.h"

static void print_build(struct exposition *e)
{
    const struct label version[2] = {{"version", span_str(FX_VERSION)}};
    exposition_family(e, "fxbridge_build_info", "gauge", "The version that answers; always 1.");
    exposition_int(e, version, 1);
}

static void print_room(const struct store_room *room, struct exposition *e)
{
    exposition_gauge(e, "fxbridge_store_used_bytes",
        "Pages of the database that are in use; free ones are left out where it is nearly full.",
        (uint64_t)room->used_bytes);
    exposition_gauge(e, "fxbridge_store_max_bytes",
        "How large the database may become (map_max_bytes).", (uint64_t)room->max_bytes);
    exposition_gauge(e, "fxbridge_disk_free_bytes",
        "What the programs' account may still write to the disk of the home.",
        (uint64_t)room->disk_free_bytes);
    exposition_gauge(e, "fxbridge_accepting", "1 where the store has room for new events, else 0.",
        room->accepting);
}

static enum err print_events(struct store_txn *txn, struct exposition *e)
{
    uint64_t last, routed;
    enum err err = events_last(txn, &last);
    if (!err)
        err = events_cursor(txn, &routed);
    if (err)
        return err;
    last = last < routed ? routed : last;
    exposition_counter(e, "fxbridge_events_accepted",
        "Events in the order of the log, of all doors, since the home was made.", last);
    exposition_gauge(e, "fxbridge_events_unrouted",
        "Accepted events of which the dispatcher has not made executions yet.", last - routed);
    return ERR_OK;
}

/* Tables whose number of records says something. */
static enum err print_tables(struct store_txn *txn, struct exposition *e)
{
    static const struct {
        enum store_table table;
        const char *name, *sentence;
    } gauges[] = {
        {TABLE_READY, "fxbridge_executions_ready", "Pending executions that could run now."},
        {TABLE_DUE, "fxbridge_executions_due_later",
            "Pending executions that wait until their next attempt is due."},
        {TABLE_DEAD_LETTERS, "fxbridge_dead_letters",
            "Executions that have failed for good; only people try them again."},
        {TABLE_EXECUTIONS, "fxbridge_executions_kept", "Executions that the store holds."},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < sizeof gauges / sizeof gauges[0]; i++) {
        uint64_t count;
        err = store_entries(txn, gauges[i].table, &count);
        if (!err)
            exposition_gauge(e, gauges[i].name, gauges[i].sentence, count);
    }
    return err;
}

static void print_pause(const struct pause *pause, void *context)
{
    const struct label labels[2] = {
        {"what", span_str(pause_name(pause->kind))}, {"pipeline", pause->pipeline_id}};
    exposition_int(context, labels, 1);
}

static enum err print_pauses(struct store_txn *txn, struct exposition *e)
{
    exposition_family(e, "fxbridge_paused", "gauge",
        "1 for each thing that an operator has told to wait; nothing for what goes on.");
    return pauses_each(txn, print_pause, e);
}

static void print_health(const struct health *health, struct exposition *e)
{
    exposition_family(e, "fxbridge_oldest_waiting_seconds", "gauge",
        "How long the oldest event or execution that could run has waited; 0: none waits.");
    exposition_seconds(e, NULL, (uint64_t)health->waiting_ms * 1000);
    exposition_family(e, "fxbridge_healthy", "gauge",
        "1 for each check of GET /health that is good, 0 for one that is bad.");
    for (size_t i = 0; i < HEALTH__MAX; i++) {
        const struct label check[2] = {{"check", span_str(health_name(i))}};
        exposition_int(e, check, !health->findings[i].bad);
    }
}

/* What needs no transaction, or one of its own. */
static void print_home(struct request *request, bool alive, struct exposition *e)
{
    struct health health;
    health_look(request->store, request->home, &health);
    print_build(e);
    exposition_gauge(e, "fxbridge_dispatcher_up",
        "1 while a dispatcher runs and has shown itself lately.", alive);
    print_health(&health, e);
    print_room(&health.room, e);
    health_done(&health);
    programs_print(e);
}

static enum err print_all(struct request *request, struct exposition *e)
{
    struct store_txn *txn;
    bool alive = alive_is(request->home);
    print_home(request, alive, e);
    enum err err = store_read_begin(request->store, &txn);
    if (err)
        return err;
    err = print_events(txn, e);
    if (!err)
        err = print_tables(txn, e);
    if (!err)
        err = print_pauses(txn, e);
    if (!err)
        err = counted_print(txn, e);
    if (!err)
        err = queues_print(txn, alive, e);
    store_read_end(txn);
    exposition_end(e);
    return err;
}

void metrics(struct request *request)
{
    struct buf body = BUF_INIT;
    struct exposition e = {.buf = &body};
    e.openmetrics = exposition_wants_openmetrics(request_header(request, "HTTP_ACCEPT"));
    enum err err = print_all(request, &e);
    if (err)
        reply_error(request, err);
    else
        reply_as(request, 200, e.openmetrics ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT,
            buf_span(&body));
    buf_done(&body);
}
