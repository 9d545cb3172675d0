/* audit - see audit.h. */
#include "cgi-bin/console/audit.h"

#include "view/audit.h"
#include "web/read.h"

struct list {
    struct audit_query query;
    struct page page;
};

/* {"audit": [record, …], "next"}. Where the oldest come first, `next` is always there. */
static enum err print_page(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct list *list = request->state;
    bool more;
    json_open(out, '{');
    json_key(out, "audit");
    json_open(out, '[');
    enum err err = audit_page(txn, &list->query, &list->page, out, &more);
    json_close(out, ']');
    if (list->query.oldest_first || more)
        json_put_int(out, "next", (int64_t)list->query.from);
    else
        json_put_str(out, "next", NULL);
    json_close(out, '}');
    return err;
}

void audit_rows(struct request *request)
{
    static const char *const names[] = {
        "actor", "action", "subject", "since", "until", "limit", "after", "before", NULL};
    struct list *list = request->state = arena_alloc(&request->arena, sizeof *list);
    list->query.limit = AUDIT_LIMIT_DEFAULT;
    list->page.bytes = (size_t)request->home->config.web_reply_bytes;
    for (const char *const *name = names; *name; name++) {
        struct span value;
        if (!request_text(request, *name, &value))
            return;
        const char *must = value.data ? audit_take(&list->query, *name, value) : NULL;
        if (must) {
            reply_problem(request, 422, "%s: %s.", *name, must);
            return;
        }
    }
    read_reply(request, 200, print_page, "There is no such page.");
}
