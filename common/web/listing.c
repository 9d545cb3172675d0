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

struct page {
    struct execution_query query;
    const char *member;
};

static enum err print_page(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct page *page = request->state;
    struct uuid next;
    listing_begin(page->member, out);
    enum err err = listing_page(txn, &page->query, false, out, &next);
    listing_end(&next, out);
    return err;
}

void listing_reply(struct request *request, const struct execution_query *query, const char *member)
{
    struct page *page = request->state = arena_alloc(&request->arena, sizeof *page);
    *page = (struct page){*query, member};
    read_reply(request, 200, print_page, "There is no such page.");
}
