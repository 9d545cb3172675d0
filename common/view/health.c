/* health - see health.h. */
#include "view/health.h"

#include <inttypes.h>

#include "base/clock.h"
#include "home/alive.h"
#include "home/stats.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/pauses.h"
#include "store/queue.h"

#define FAILED_US 60000000 /* for so long a commit that has failed says something of the store */

static const struct {
    const char *name, *word;
} checks[HEALTH__MAX] = {
#define HEALTH_CHECK(constant, name, word) [HEALTH_##constant] = {name, word},
    HEALTH_CHECKS(HEALTH_CHECK)
#undef HEALTH_CHECK
};

static void find_good(struct health *health, enum health_check check, const char *reason)
{
    buf_add_str(&health->findings[check].reason, reason);
}

static void find_bad(
    struct health *health, enum health_check check, const char *reason, const char *remedy)
{
    struct health_finding *finding = &health->findings[check];
    finding->bad = true;
    buf_add_str(&finding->reason, reason);
    buf_add_str(&finding->remedy, remedy);
}

static void look_at_room(const struct home *home, struct health *health)
{
    const struct store_room *room = &health->room;
    struct buf *reason = &health->findings[HEALTH_ROOM].reason;
    bool disk = room->disk_free_bytes < home->config.store_disk_reserve_bytes;
    buf_printf(reason,
        "The database uses %" PRId64 " MiB of at most %" PRId64 ", the disk has %" PRId64
        " MiB free",
        room->used_bytes / MIB(1), room->max_bytes / MIB(1), room->disk_free_bytes / MIB(1));
    if (room->accepting)
        find_good(health, HEALTH_ROOM, ".");
    else if (disk)
        find_bad(health, HEALTH_ROOM, ", less than disk_reserve_bytes: events are refused.",
            "Free space on the disk of the home, or lower disk_reserve_bytes of [store] in "
            "fx.conf.");
    else
        find_bad(health, HEALTH_ROOM, ", more than accept_percent: events are refused.",
            "Raise map_max_bytes of [store] in fx.conf.");
}

/* What is paused, and since when. A pipeline that waits alone is nothing bad. */
static void look_at_pause(const struct pause *pause, void *context)
{
    struct health *health = context;
    bool intake = pause->kind == PAUSE_INTAKE;
    struct health_finding *finding = &health->findings[intake ? HEALTH_INTAKE : HEALTH_PAUSES];
    char since[CLOCK_TEXT];
    clock_format(pause->since_ms, since);
    if (finding->reason.len)
        buf_add_char(&finding->reason, ' ');
    buf_printf(&finding->reason, "Paused since %s: %s%s%.*s.", since, pause_name(pause->kind),
        pause->pipeline_id.len ? " " : "", (int)pause->pipeline_id.len,
        (const char *)pause->pipeline_id.data);
    if (pause->reason.len)
        buf_printf(
            &finding->reason, " (%.*s)", (int)pause->reason.len, (const char *)pause->reason.data);
    if (pause->kind == PAUSE_PIPELINE)
        return;
    finding->bad = true;
    buf_clear(&finding->remedy);
    buf_printf(&finding->remedy, "End it with: fxctl resume %s", pause_name(pause->kind));
}

static enum err look_at_pauses(struct store *store, struct health *health)
{
    struct store_txn *txn;
    enum err err = store_read_begin(store, &txn);
    if (err)
        return err;
    err = pauses_each(txn, look_at_pause, health);
    store_read_end(txn);
    if (!health->findings[HEALTH_INTAKE].reason.len)
        find_good(health, HEALTH_INTAKE, "Events are taken in.");
    if (!health->findings[HEALTH_PAUSES].reason.len)
        find_good(health, HEALTH_PAUSES, "No pipeline is paused.");
    return err;
}

static void look_at_dispatcher(const struct home *home, struct health *health)
{
    if (alive_is(home))
        find_good(health, HEALTH_DISPATCHER, "The dispatcher runs.");
    else if (alive_pid(home))
        find_bad(health, HEALTH_DISPATCHER,
            "The dispatcher's process is there, but has not shown itself lately.",
            "Look into its log, then end its process and start it again.");
    else if (alive_was_once(home))
        find_good(health, HEALTH_DISPATCHER,
            "One that was started with --once has been here within two minutes.");
    else if (home->config.dispatcher_on_demand)
        find_good(health, HEALTH_DISPATCHER, "No dispatcher runs; the next event starts one.");
    else
        find_bad(health, HEALTH_DISPATCHER, "No dispatcher runs: events wait until one does.",
            "Start fx-dispatcher, or set on_demand = 1 of [dispatcher] in fx.conf.");
}

/* The oldest that waits, while all of them are looked at. */
struct oldest {
    struct store_txn *txn;
    int64_t since_ms;
    enum err err;
};

/* An execution that was tried before is not looked at: nobody knows since when it is ready. */
static bool look_at_first(uint64_t queue, const struct uuid *id, void *context)
{
    struct oldest *oldest = context;
    struct execution execution;
    (void)queue;
    bool held = false;
    oldest->err = executions_get(oldest->txn, id, &execution, NULL);
    if (!oldest->err)
        oldest->err = pauses_hold(oldest->txn, execution.pipeline_id, &held);
    if (!oldest->err && !held && !execution.attempt && execution.created_ms < oldest->since_ms)
        oldest->since_ms = execution.created_ms;
    return !oldest->err;
}

static enum err look_at_log(struct oldest *oldest)
{
    uint64_t routed, last;
    struct event event;
    enum err err = events_cursor(oldest->txn, &routed);
    if (!err)
        err = events_last(oldest->txn, &last);
    if (!err && routed < last)
        err = events_get(oldest->txn, routed + 1, &event);
    if (!err && routed < last)
        oldest->since_ms = event.accepted_ms;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err find_oldest(struct store *store, int64_t *ret_since_ms)
{
    struct oldest oldest = {.since_ms = INT64_MAX};
    enum err err = store_read_begin(store, &oldest.txn);
    if (err)
        return err;
    err = look_at_log(&oldest);
    if (!err)
        err = queue_each_first(oldest.txn, look_at_first, &oldest);
    store_read_end(oldest.txn);
    *ret_since_ms = oldest.since_ms;
    return err ? err : oldest.err;
}

/* Commits that have failed lately. */
struct failing {
    int64_t now_us;
    const char *program; /* NULL: none has */
};

static void look_at_commits(const struct stats *stats, void *context)
{
    struct failing *failing = context;
    int64_t failed_us = stats->failed_us;
    if (failed_us > stats->committed_us && failing->now_us - failed_us < FAILED_US)
        failing->program = stats->program;
}

static void look_at_store(struct health *health)
{
    struct failing failing = {.now_us = clock_mono_us()};
    stats_each(look_at_commits, &failing);
    if (!failing.program) {
        find_good(health, HEALTH_STORE, "The database can be read and written.");
        return;
    }
    buf_printf(&health->findings[HEALTH_STORE].reason,
        "The last commit of %.*s has failed: the database or its disk refuses to be written.",
        (int)sizeof((struct stats *)0)->program, failing.program);
    find_bad(health, HEALTH_STORE, "",
        "The programs' logs say why. Free space on the disk, or mend it; the programs go on by "
        "themselves.");
}

static void look_at_waiting(const struct home *home, struct health *health)
{
    int64_t late_ms = home->config.dispatcher_late_seconds * 1000;
    if (!health->waiting_ms) {
        find_good(health, HEALTH_WAITING, "Nothing waits that could run.");
        return;
    }
    buf_printf(&health->findings[HEALTH_WAITING].reason,
        "The oldest event or execution that could run has waited for %" PRId64 " s",
        health->waiting_ms / 1000);
    if (late_ms && health->waiting_ms > late_ms)
        find_bad(health, HEALTH_WAITING, ", longer than late_seconds.",
            "See with \"fxctl status\" which pipeline it is; give that one more instances "
            "(options.scale), or all of them (instances of [dispatcher] in fx.conf).");
    else
        find_good(health, HEALTH_WAITING, ".");
}

void health_look(struct store *store, const struct home *home, struct health *ret_health)
{
    int64_t since_ms = INT64_MAX;
    *ret_health = (struct health){.waiting_ms = 0};
    enum err err = store ? find_oldest(store, &since_ms) : ERR_IO;
    if (!err)
        err = look_at_pauses(store, ret_health);
    look_at_dispatcher(home, ret_health);
    if (err) {
        find_bad(ret_health, HEALTH_STORE, "The database cannot be read.",
            "The programs' logs say why; \"fxctl status\" says it, too.");
        return;
    }
    look_at_store(ret_health);
    ret_health->room = store_room(store);
    look_at_room(home, ret_health);
    int64_t now = clock_wall_ms();
    ret_health->waiting_ms = since_ms < now ? now - since_ms : 0;
    look_at_waiting(home, ret_health);
}

void health_done(struct health *health)
{
    for (size_t i = 0; i < HEALTH__MAX; i++) {
        buf_done(&health->findings[i].reason);
        buf_done(&health->findings[i].remedy);
    }
}

const char *health_name(enum health_check check)
{
    return checks[check].name;
}

const char *health_word(const struct health *health)
{
    for (size_t i = 0; i < HEALTH__MAX; i++)
        if (health->findings[i].bad)
            return checks[i].word;
    return "ready";
}

void health_print(const struct health *health, struct json_out *out)
{
    json_open(out, '{');
    json_put_str(out, "status", health_word(health));
    json_key(out, "checks");
    json_open(out, '[');
    for (size_t i = 0; i < HEALTH__MAX; i++) {
        const struct health_finding *finding = &health->findings[i];
        if (!finding->reason.len)
            continue;
        json_open(out, '{');
        json_put_str(out, "name", checks[i].name);
        json_put_bool(out, "good", !finding->bad);
        json_put_str(out, "reason", buf_text(&finding->reason));
        json_put_str(out, "remedy", finding->bad ? buf_text(&finding->remedy) : NULL);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_close(out, '}');
}
