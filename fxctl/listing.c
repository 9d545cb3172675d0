/* listing - see listing.h. */
#include "fxctl/listing.h"

#include "base/json.h"
#include "fxctl/help.h"
#include "fxctl/operand.h"
#include "fxctl/table.h"
#include "view/execution.h"

int listing_page(const struct fxctl *ctl, struct execution_query *query)
{
    const char *after = fxctl_option(ctl, "after");
    int64_t limit;
    if (after && !uuid_parse(span_str(after), &query->after))
        return help_usage(ctl, "--after: must be the id of an execution");
    int status =
        operand_number(ctl, "limit", 1, EXECUTIONS_LIMIT_MAX, EXECUTIONS_LIMIT_DEFAULT, &limit);
    query->limit = (size_t)limit;
    return status;
}

/* A list that is collected page by page, each page with a short read of its own. */
struct listing {
    struct store_txn *txn;
    struct json_out out;
    bool whole; /* each execution with its data, steps and logs */
    size_t left;
    enum err err;
};

static bool list_one(const struct uuid *id, void *context)
{
    struct listing *listing = context;
    struct execution execution;
    listing->left--;
    if (listing->whole) {
        listing->err = execution_print(listing->txn, id, &listing->out);
    } else {
        listing->err = executions_get(listing->txn, id, &execution, NULL);
        execution.step_count = 0;
        if (!listing->err)
            execution_format(&execution, &(struct execution_extras){0}, &listing->out);
    }
    return !listing->err;
}

static enum err list_pages(struct store *store, struct execution_query query,
    struct listing *listing, struct uuid *ret_next)
{
    enum err err;
    listing->left = query.limit;
    do {
        err = store_read_begin(store, &listing->txn);
        if (err)
            return err;
        query.limit = listing->left;
        err = executions_list(listing->txn, &query, list_one, listing, ret_next);
        store_read_end(listing->txn);
        query.after = *ret_next;
        if (!err)
            err = listing->err;
    } while (!err && listing->left && !uuid_is_none(ret_next));
    return err;
}

static void print_list(const struct fxctl *ctl, const struct buf *text, const char *member,
    const char *none, const char *next)
{
    static const struct column columns[] = {
        {"DATETIME", "datetime", false},
        {"SERVICE", "service", false},
        {"STATUS", "status", false},
        {"ATTEMPT", "attempt", true},
        {"SECONDS", "execution_time", true},
        {"EVENT TYPE", "event_type", false},
        {"ID", "execution_id", false},
        {0},
    };
    table_answer(ctl, text, member, columns, none);
    if (next && !ctl->json)
        fxctl_say("There are more; see the next ones with: --after %s", next);
}

int listing_print(
    struct fxctl *ctl, const struct execution_query *query, const char *member, const char *none)
{
    struct uuid next;
    char next_text[UUID_TEXT];
    struct buf text = BUF_INIT;
    struct listing listing = {.out = json_out_to(&text), .whole = ctl->json};
    json_open(&listing.out, '{');
    json_key(&listing.out, member);
    json_open(&listing.out, '[');
    enum err err = list_pages(ctl->store, *query, &listing, &next);
    if (!err) {
        const char *more = uuid_is_none(&next) ? NULL : next_text;
        uuid_format(&next, next_text);
        json_close(&listing.out, ']');
        json_put_str(&listing.out, "next", more);
        json_close(&listing.out, '}');
        print_list(ctl, &text, member, none, more);
    }
    buf_done(&text);
    return err ? fxctl_failed(err) : EXIT_DONE;
}
