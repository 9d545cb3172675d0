/* trigger - see trigger.h. */
#include "view/trigger.h"

#include <stdio.h>

#include "base/clock.h"
#include "home/alive.h"
#include "store/pipelines.h"
#include "store/services.h"
#include "view/schedule.h"

#define READ_MAX (16 << 20) /* bytes of definitions that a page of triggers reads */

/* Writes a trigger; *spent grows by the bytes that its schedule was looked for in. */
static enum err print(struct store_txn *txn, const struct home *home, const struct trigger *trigger,
    size_t *spent, struct json_out *out)
{
    struct service_report service;
    char version[16];
    enum err err = services_get(txn, trigger->queue, &service);
    if (err)
        return err;
    snprintf(version, sizeof version, "%u", trigger->pipeline_version);
    json_open(out, '{');
    json_put_bool(out, "ready", service.generation >= trigger->generation && alive_is(home));
    json_put_text(out, "pipeline_id", trigger->pipeline_id);
    json_put_text(out, "service", trigger->pipeline_name);
    json_put_text(out, "topic", trigger->topic);
    json_put_str(out, "pipeline_version", version);
    json_put_int(out, "generation", (int64_t)trigger->generation);
    json_put_int(out, "instances", service.instances);
    json_put_int(out, "pending", (int64_t)service.pending);
    json_put_int(out, "running", service.running);
    json_key(out, "started");
    json_time(out, trigger->started_ms);
    err = schedule_print(
        txn, trigger->pipeline_id, trigger->pipeline_version, clock_wall_ms(), spent, out);
    json_close(out, '}');
    return err == ERR_NOTFOUND ? ERR_OK : err; /* what has no definition has no schedule */
}

enum err trigger_print(struct store_txn *txn, const struct home *home,
    const struct trigger *trigger, struct json_out *out)
{
    return print(txn, home, trigger, NULL, out);
}

enum err trigger_print_of(
    struct store_txn *txn, const struct home *home, struct span pipeline_id, struct json_out *out)
{
    struct pipeline_info info;
    struct trigger trigger;
    enum err err = pipelines_get(txn, pipeline_id, &info);
    if (err)
        return err;
    err = triggers_get(txn, pipeline_id, &trigger);
    if (err != ERR_NOTFOUND)
        return err ? err : trigger_print(txn, home, &trigger, out);
    json_open(out, '{');
    json_put_bool(out, "ready", false);
    json_close(out, '}');
    return ERR_OK;
}

/* A page that is written while the store is walked. */
struct listing {
    struct store_txn *txn;
    const struct home *home;
    struct page *page;
    struct json_out *out;
    char last[PIPELINE_ID_MAX + 1]; /* the pipeline of the last that was written */
    bool more;
    size_t spent; /* bytes of definitions that were read */
    enum err err;
};

static bool print_started(const struct trigger *trigger, void *context)
{
    struct listing *listing = context;
    struct span id = trigger->pipeline_id;
    if (trigger->until_seq)
        return true;
    listing->more = page_is_full(listing->page, listing->out) || listing->spent >= READ_MAX;
    if (listing->more)
        return false;
    listing->page->rows++;
    snprintf(listing->last, sizeof listing->last, "%.*s", (int)id.len, (const char *)id.data);
    listing->err = print(listing->txn, listing->home, trigger, &listing->spent, listing->out);
    return !listing->err;
}

enum err trigger_print_page(struct store_txn *txn, const struct home *home, struct span after,
    struct page *page, struct json_out *out, char ret_next[PIPELINE_ID_MAX + 1])
{
    struct listing listing = {.txn = txn, .home = home, .page = page, .out = out};
    page_begin(page, out);
    enum err err = triggers_each(txn, after, print_started, &listing);
    snprintf(ret_next, PIPELINE_ID_MAX + 1, "%s", listing.more ? listing.last : "");
    return err ? err : listing.err;
}
