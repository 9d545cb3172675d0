/* listing - see listing.h. */
#include "fxctl/listing.h"

#include <string.h>

#include "fxctl/help.h"
#include "fxctl/nearest.h"
#include "fxctl/pages.h"
#include "view/listing.h"

static void add_near_status(struct span value, struct buf *out)
{
    struct nearest nearest = nearest_to(value);
    for (enum status s = 0; s < STATUS__MAX; s++)
        nearest_offer(&nearest, span_str(status_name(s)), span_str(status_name(s)));
    nearest_add(&nearest, out);
}

int listing_option(
    const struct fxctl *ctl, const char *option, const char *name, struct execution_query *query)
{
    const char *value = fxctl_option(ctl, option);
    const char *must = value ? listing_take(query, name, span_str(value)) : NULL;
    struct buf near = BUF_INIT;
    if (must && strcmp(name, "status") == 0)
        add_near_status(span_str(value), &near);
    int status = must ? help_usage(ctl, "--%s: %s%s", option, must, buf_text(&near)) : EXIT_DONE;
    buf_done(&near);
    return status;
}

int listing_options(const struct fxctl *ctl, struct execution_query *query)
{
    query->limit = EXECUTIONS_LIMIT_DEFAULT;
    int status = listing_option(ctl, "limit", "limit", query);
    return status ? status : listing_option(ctl, "after", "after", query);
}

/* What is left of the list, and where it goes on. */
struct list {
    struct execution_query query;
    struct uuid next;
    const char *member;
};

static enum err print_page(struct fxctl *ctl, struct store_txn *txn, struct page *page,
    struct json_out *out, void *context, bool *ret_more)
{
    struct list *list = context;
    (void)ctl;
    enum err err = listing_page(txn, &list->query, page, out, &list->next);
    *ret_more = list->query.limit && !uuid_is_none(&list->next);
    return err;
}

static void begin(struct json_out *out, void *context)
{
    const struct list *list = context;
    listing_begin(list->member, out);
}

static void end(struct json_out *out, void *context)
{
    const struct list *list = context;
    listing_end(&list->next, false, out); /* pages follow until there are enough rows */
}

int listing_answer(
    struct fxctl *ctl, const struct execution_query *query, const char *member, const char *none)
{
    static const struct column columns[] = {
        {"DATETIME", "datetime", false},
        {"SERVICE", "service", false},
        {"STATUS", "status", false},
        {"ATTEMPT", "attempt", true},
        {"SECONDS", "execution_time", true},
        {"EVENT TYPE", "event_type", false},
        {"ID", "execution_id", false},
        {"NEXT ATTEMPT", "next_attempt", false},
        {"ERROR", "error", .most = TABLE_ERROR_MAX},
        {0},
    };
    const struct pages pages = {.columns = columns,
        .none = none,
        .brief = !fxctl_option(ctl, "full"),
        .print = print_page,
        .begin = begin,
        .end = end};
    struct list list = {.query = *query, .member = member};
    char next[UUID_TEXT];
    enum err err = pages_print(ctl, &pages, &list);
    uuid_format(&list.next, next);
    if (!err && !ctl->json && !uuid_is_none(&list.next))
        fxctl_say("There are more; see the next ones with: --after %s", next);
    return err ? fxctl_failed(err) : EXIT_DONE;
}
