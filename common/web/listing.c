/* listing - see listing.h. */
#include "web/listing.h"

#include "view/listing.h"
#include "web/read.h"

bool listing_read(struct request *request, const char *const *names, struct execution_query *query)
{
    for (; *names; names++) {
        struct span value;
        if (!request_text(request, *names, &value))
            return false;
        const char *must = value.data ? listing_take(query, *names, value) : NULL;
        if (must) {
            reply_problem(request, 422, "%s: %s.", *names, must);
            return false;
        }
    }
    return true;
}

struct list {
    struct execution_query query;
    struct page page;
    const char *member;
};

static enum err print_page(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct list *list = request->state;
    struct uuid next;
    listing_begin(list->member, out);
    enum err err = listing_page(txn, &list->query, &list->page, out, &next);
    bool is_short = !uuid_is_none(&next) && list->query.limit && !page_is_full(&list->page, out);
    listing_end(&next, is_short, out);
    return err;
}

/* Reads ?full=. False when the request was answered. */
static bool read_brief(struct request *request, bool *ret_brief)
{
    struct span full;
    if (!request_text(request, "full", &full))
        return false;
    *ret_brief = !span_eq_str(full, "1");
    if (!full.data || !*ret_brief || span_eq_str(full, "0"))
        return true;
    reply_problem(request, 422, "full: must be 1 or 0.");
    return false;
}

void listing_reply(struct request *request, const struct execution_query *query, const char *member)
{
    struct list *list = request->state = arena_alloc(&request->arena, sizeof *list);
    list->query = *query;
    list->member = member;
    list->page.bytes = (size_t)request->home->config.web_reply_bytes;
    if (!read_brief(request, &list->page.brief))
        return;
    /* Many that came at once may have left before it is their turn: others wait behind them. */
    if (request_is_forsaken(request))
        reply_problem(request, 503, "The client has left.");
    else
        read_reply(request, 200, print_page, "There is no such page.");
}
