/* overview - see overview.h. */
#include "view/overview.h"

#include "home/alive.h"
#include "home/confine.h"
#include "store/events.h"
#include "store/executions.h"
#include "view/trigger.h"

struct counting {
    uint64_t count, max;
};

static bool count_one(const struct uuid *id, void *context)
{
    struct counting *counting = context;
    (void)id;
    return ++counting->count < counting->max;
}

static enum err count_executions(struct store_txn *txn, struct overview *overview)
{
    enum err err = ERR_OK;
    for (enum status s = 0; !err && s < STATUS__MAX; s++) {
        struct counting counting = {0, status_is_final(s) ? OVERVIEW_FINAL_MAX : UINT64_MAX};
        err = executions_in_status(txn, s, count_one, &counting);
        overview->count[s] = counting.count;
        overview->at_least[s] = counting.count == counting.max;
    }
    return err;
}

static enum err count_events(struct store_txn *txn, struct overview *overview)
{
    enum err err = events_first(txn, &overview->first);
    if (!err)
        err = events_last(txn, &overview->last);
    if (!err)
        err = events_cursor(txn, &overview->routed);
    if (err)
        return err;
    overview->kept = overview->first ? overview->last - overview->first + 1 : 0;
    overview->waiting = overview->last > overview->routed ? overview->last - overview->routed : 0;
    return ERR_OK;
}

static void look_at_steps(const struct home *home, struct overview *overview)
{
    confine_missing(&overview->missing);
    if (*home->config.step_user)
        buf_add_str(&overview->account, home->config.step_user);
    else if (overview->pid)
        alive_account(overview->pid, &overview->account);
}

static enum err read_triggers(
    struct store_txn *txn, const struct home *home, struct overview *overview)
{
    struct page page = {.bytes = (size_t)home->config.web_reply_bytes};
    struct json_out out = json_out_to(&overview->triggers);
    json_open(&out, '[');
    enum err err = trigger_print_page(txn, home, SPAN_NONE, &page, &out, overview->next);
    json_close(&out, ']');
    return err;
}

enum err overview_read(struct store *store, const struct home *home, struct overview *ret_overview)
{
    struct store_txn *txn;
    *ret_overview = (struct overview){
        .pid = alive_pid(home), .alive = alive_is(home), .room = store_room(store)};
    look_at_steps(home, ret_overview);
    enum err err = store_read_begin(store, &txn);
    if (err)
        return err;
    err = count_events(txn, ret_overview);
    if (!err)
        err = count_executions(txn, ret_overview);
    if (!err)
        err = read_triggers(txn, home, ret_overview);
    store_read_end(txn);
    return err;
}

void overview_done(struct overview *overview)
{
    buf_done(&overview->triggers);
    buf_done(&overview->missing);
    buf_done(&overview->account);
}

static void print_dispatcher(const struct overview *overview, struct json_out *out)
{
    json_key(out, "dispatcher");
    json_open(out, '{');
    json_put_bool(out, "alive", overview->alive);
    json_key(out, "pid");
    overview->pid ? json_int(out, overview->pid) : json_null(out);
    json_close(out, '}');
}

static void print_events(const struct overview *overview, struct json_out *out)
{
    json_key(out, "events");
    json_open(out, '{');
    json_put_int(out, "first", (int64_t)overview->first);
    json_put_int(out, "last", (int64_t)overview->last);
    json_put_int(out, "kept", (int64_t)overview->kept);
    json_put_int(out, "routed", (int64_t)overview->routed);
    json_put_int(out, "waiting", (int64_t)overview->waiting);
    json_close(out, '}');
}

static void print_executions(const struct overview *overview, struct json_out *out)
{
    json_key(out, "executions");
    json_open(out, '{');
    for (enum status s = 0; s < STATUS__MAX; s++)
        json_put_int(out, status_name(s), (int64_t)overview->count[s]);
    json_close(out, '}');
    json_key(out, "at_least");
    json_open(out, '[');
    for (enum status s = 0; s < STATUS__MAX; s++)
        if (overview->at_least[s])
            json_str(out, status_name(s));
    json_close(out, ']');
}

static void print_room(const struct store_room *room, struct json_out *out)
{
    json_key(out, "store");
    json_open(out, '{');
    json_put_int(out, "used_bytes", room->used_bytes);
    json_put_int(out, "max_bytes", room->max_bytes);
    json_put_int(out, "disk_free_bytes", room->disk_free_bytes);
    json_put_bool(out, "accepting", room->accepting);
    json_close(out, '}');
}

static void put_text_or_null(struct json_out *out, const char *name, const struct buf *text)
{
    json_key(out, name);
    text->len ? json_text(out, buf_span(text)) : json_null(out);
}

static void print_steps(
    const struct overview *overview, const struct home *home, struct json_out *out)
{
    json_key(out, "steps");
    json_open(out, '{');
    json_put_str(out, "confine", home->config.step_confine);
    put_text_or_null(out, "missing", &overview->missing);
    json_put_str(out, "unconfined", home->config.step_unconfined);
    put_text_or_null(out, "account", &overview->account);
    json_close(out, '}');
}

void overview_print(const struct overview *overview, const struct home *home, struct json_out *out)
{
    json_open(out, '{');
    json_put_str(out, "home", home->dir);
    print_dispatcher(overview, out);
    print_events(overview, out);
    print_executions(overview, out);
    json_put_raw(out, "triggers", buf_span(&overview->triggers));
    if (overview->next[0])
        json_put_str(out, "next", overview->next);
    print_room(&overview->room, out);
    print_steps(overview, home, out);
    json_close(out, '}');
}
