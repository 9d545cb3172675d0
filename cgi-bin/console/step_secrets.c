/* step_secrets - see step_secrets.h. */
#include "cgi-bin/console/step_secrets.h"

#include <string.h>

#include "base/clock.h"
#include "view/step_secret.h"
#include "web/body.h"
#include "web/read.h"

#define LIST_LIMIT_DEFAULT 100
#define UNKNOWN "There is no such step secret."

/* A page that is written while the store is walked. */
struct rows {
    struct page page;
    struct span after;
    struct json_out *out;
    char last[STEP_SECRET_NAME_MAX + 1]; /* the name of the last row */
    bool more;
};

static bool print_row(const struct step_secret *secret, void *context)
{
    struct rows *rows = context;
    rows->more = page_is_full(&rows->page, rows->out);
    if (rows->more)
        return false;
    rows->page.rows++;
    memcpy(rows->last, secret->name.data, secret->name.len);
    rows->last[secret->name.len] = 0;
    step_secret_print(secret, rows->out);
    return true;
}

static enum err print_rows(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct rows *rows = request->state;
    rows->out = out;
    json_open(out, '{');
    json_key(out, "step_secrets");
    json_open(out, '[');
    page_begin(&rows->page, out);
    enum err err = step_secrets_list(txn, SPAN_NONE, rows->after, print_row, rows);
    json_close(out, ']');
    json_put_str(out, "next", rows->more ? rows->last : NULL);
    json_close(out, '}');
    return err;
}

void step_secrets_rows(struct request *request)
{
    struct rows *rows = request->state = arena_alloc(&request->arena, sizeof *rows);
    if (!read_page(request, LIST_LIMIT_DEFAULT, &rows->page) ||
        !request_text(request, "after", &rows->after))
        return;
    if (rows->after.data && !name_is_step_secret(rows->after))
        reply_problem(request, 422, "after: must be the \"next\" of the page before.");
    else
        read_reply(request, 200, print_rows, UNKNOWN);
}

static enum err print_one(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct step_secret secret;
    enum err err = step_secrets_get(txn, SPAN_NONE, request->params[0], &secret);
    if (!err)
        step_secret_print(&secret, out);
    return err;
}

void step_secrets_show(struct request *request)
{
    if (name_is_step_secret(request->params[0]))
        read_reply(request, 200, print_one, UNKNOWN);
    else
        reply_problem(request, 404, UNKNOWN);
}

/* What a write carries from its handler to its reply. */
struct storing {
    struct span value;
    bool is_new;
};

static enum err store(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct storing *storing = request->state;
    return step_secrets_set(txn, request->home, SPAN_NONE, request->params[0], storing->value,
        clock_wall_ms(), &storing->is_new);
}

static void stored(struct request *request, enum err err)
{
    const struct storing *storing = request->state;
    if (err == ERR_DENIED)
        reply_problem(request, 503, "It cannot be sealed; the log says how to mend that.");
    else if (err)
        reply_error(request, err);
    else
        read_reply(request, storing->is_new ? 201 : 200, print_one, UNKNOWN);
}

/* Reads {"value": TEXT} and nothing else. The text goes into the arena. */
static bool read_value(struct request *request, struct span *ret_value)
{
    struct json_item item, value = {.type = JSON_NULL};
    size_t members = 0;
    if (json_type_of(request->body) != JSON_OBJECT)
        return false;
    struct json_walk walk = json_walk_start(request->body);
    for (; json_walk_next(&walk, &item); members++)
        value = item;
    if (members != 1 || value.type != JSON_STRING || !json_name_is(value.name, "value"))
        return false;
    *ret_value = json_unescaped(value.value, &request->arena);
    return ret_value->len >= 1 && ret_value->len <= STEP_SECRET_MAX;
}

void step_secrets_store(struct request *request)
{
    struct storing *storing = request->state = arena_alloc(&request->arena, sizeof *storing);
    if (!body_is_json(request))
        return;
    if (!name_is_step_secret(request->params[0]))
        reply_problem(request, 422,
            "A step secret has a name of 1 to %d letters, digits, \".\", \"_\" and \"-\", "
            "beginning "
            "with a letter or a digit.",
            STEP_SECRET_NAME_MAX);
    else if (!read_value(request, &storing->value))
        reply_problem(request, 422,
            "The body must be an object with a value and nothing else: a string of 1 to %d bytes.",
            STEP_SECRET_MAX);
    else
        request_write(request, STORE_ACCEPT, store, stored);
}

static enum err remove_one(struct store_txn *txn, void *context)
{
    const struct request *request = context;
    return step_secrets_del(txn, SPAN_NONE, request->params[0]);
}

static void removed(struct request *request, enum err err)
{
    if (err == ERR_NOTFOUND)
        reply_problem(request, 404, UNKNOWN);
    else if (err)
        reply_error(request, err);
    else
        reply_message(request, 200, "The step secret is deleted");
}

void step_secrets_remove(struct request *request)
{
    if (name_is_step_secret(request->params[0]))
        request_write(request, 0, remove_one, removed);
    else
        reply_problem(request, 404, UNKNOWN);
}
