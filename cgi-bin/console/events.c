/* events - see events.h. */
#include "cgi-bin/console/events.h"

#include <stdio.h>

#include "base/ascii.h"
#include "store/events.h"
#include "view/event.h"
#include "web/read.h"

#define UNKNOWN "There is no such event."

struct list {
    struct event_query query;
    struct page page;
};

static enum err print_page(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct list *list = request->state;
    struct event_list_end end;
    event_list_begin(out);
    enum err err = event_list_page(txn, &list->query, &list->page, out, &end);
    event_list_close(&end, out);
    return err;
}

void events_list(struct request *request)
{
    static const char *const names[] = {
        "type", "source", "topic", "credential", "door", "since", "until", "limit", "before", NULL};
    struct list *list = request->state = arena_alloc(&request->arena, sizeof *list);
    list->page.bytes = (size_t)request->home->config.web_reply_bytes;
    for (const char *const *name = names; *name; name++) {
        struct span value;
        if (!request_text(request, *name, &value))
            return;
        const char *must = value.data ? event_list_take(&list->query, *name, value) : NULL;
        if (must) {
            reply_problem(request, 422, "%s: %s.", *name, must);
            return;
        }
    }
    read_reply(request, 200, print_page, UNKNOWN);
}

/* The event that the path names. False: it names none that could be there. */
static bool read_seq(const struct request *request, uint64_t *ret_seq)
{
    return ascii_number(request->params[0], INT64_MAX, ret_seq) && *ret_seq;
}

/* Of an event that is not there: was it, before? */
static enum err missing(struct store_txn *txn, uint64_t seq)
{
    uint64_t first;
    enum err err = events_first(txn, &first);
    return err ? err : seq < first ? ERR_GONE : ERR_NOTFOUND;
}

static enum err print_one(struct request *request, struct store_txn *txn, struct json_out *out)
{
    uint64_t seq;
    if (!read_seq(request, &seq))
        return ERR_NOTFOUND;
    enum err err = event_print(txn, seq, out);
    return err == ERR_NOTFOUND ? missing(txn, seq) : err;
}

void events_show(struct request *request)
{
    read_reply(request, 200, print_one, UNKNOWN);
}

/* A browser is to store the bytes, and never to show or run what anybody may have sent. */
static enum err print_payload(struct request *request, struct store_txn *txn, struct json_out *out)
{
    uint64_t seq;
    struct event event;
    char disposition[64];
    if (!read_seq(request, &seq))
        return ERR_NOTFOUND;
    enum err err = events_get(txn, seq, &event);
    if (err)
        return err == ERR_NOTFOUND ? missing(txn, seq) : err;
    if (event.data_kind == EVENT_DATA_GONE)
        return ERR_GONE;
    snprintf(disposition, sizeof disposition, "attachment; filename=\"event-%llu\"",
        (unsigned long long)seq);
    reply_header(request, "Content-Disposition", disposition);
    reply_header(request, "Content-Security-Policy", "sandbox; default-src 'none'");
    buf_add_span(out->buf, event.data);
    return ERR_OK;
}

void events_payload(struct request *request)
{
    read_reply_bytes(request, print_payload, UNKNOWN);
}
