/* listing - see listing.h. */
#include "fxctl/listing.h"

#include "fxctl/help.h"
#include "fxctl/table.h"
#include "view/listing.h"

int listing_option(
    const struct fxctl *ctl, const char *option, const char *name, struct execution_query *query)
{
    const char *value = fxctl_option(ctl, option);
    const char *must = value ? listing_take(query, name, span_str(value)) : NULL;
    return must ? help_usage(ctl, "--%s: %s", option, must) : EXIT_DONE;
}

int listing_options(const struct fxctl *ctl, struct execution_query *query)
{
    query->limit = EXECUTIONS_LIMIT_DEFAULT;
    int status = listing_option(ctl, "limit", "limit", query);
    return status ? status : listing_option(ctl, "after", "after", query);
}

/* Writes pages until there are as many executions as were asked for, each in a short read. */
static enum err print_pages(const struct fxctl *ctl, struct execution_query query,
    struct json_out *out, struct uuid *ret_next)
{
    struct page page = {
        .bytes = (size_t)ctl->home.config.web_reply_bytes,
        .brief = !fxctl_option(ctl, "full"),
    };
    enum err err;
    do {
        struct store_txn *txn;
        err = store_read_begin(ctl->store, &txn);
        if (err)
            return err;
        err = listing_page(txn, &query, &page, out, ret_next);
        store_read_end(txn);
    } while (!err && query.limit && !uuid_is_none(ret_next));
    return err;
}

static void print_list(const struct fxctl *ctl, const struct buf *text, const char *member,
    const char *none, const struct uuid *next)
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
    char next_text[UUID_TEXT];
    uuid_format(next, next_text);
    table_answer(ctl, text, member, columns, none);
    if (!uuid_is_none(next) && !ctl->json)
        fxctl_say("There are more; see the next ones with: --after %s", next_text);
}

int listing_answer(
    struct fxctl *ctl, const struct execution_query *query, const char *member, const char *none)
{
    struct uuid next;
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    listing_begin(member, &out);
    enum err err = print_pages(ctl, *query, &out, &next);
    if (!err) {
        listing_end(&next, &out);
        print_list(ctl, &text, member, none, &next);
    }
    buf_done(&text);
    return err ? fxctl_failed(err) : EXIT_DONE;
}
