/* cid - see cid.h. */
#include "view/cid.h"

#include "store/events.h"
#include "store/executions.h"

struct looking {
    struct store_txn *txn;
    struct uuid final; /* all executions up to this one are final */
    bool held;         /* the next is not */
    enum err err;
};

static bool look_at_one(const struct uuid *id, void *context)
{
    struct looking *looking = context;
    struct execution execution;
    looking->err = executions_get(looking->txn, id, &execution, NULL);
    looking->held = !looking->err && !status_is_final(execution.status);
    if (looking->err || looking->held)
        return false;
    looking->final = *id;
    return true;
}

/* Goes on where the look before ended. What is final may be tried again, so all are seen last. */
static enum err look_at_all(
    struct store_txn *txn, const struct uuid *cid, struct uuid *look, bool *ret_final)
{
    struct looking looking;
    struct uuid from;
    enum err err;
    do {
        from = *look;
        looking = (struct looking){.txn = txn, .final = from};
        err = executions_of_cid(txn, cid, &from, look_at_one, &looking);
        if (!err)
            err = looking.err;
        *look = looking.held ? looking.final : UUID_NONE;
    } while (!err && !looking.held && !uuid_is_none(&from));
    *ret_final = !looking.held;
    return err;
}

enum err cid_is_settled(
    struct store_txn *txn, const struct uuid *cid, struct uuid *look, bool *ret_settled)
{
    uint64_t last, cursor;
    enum err err = events_last_of_cid(txn, cid, &last);
    if (!err)
        err = events_cursor(txn, &cursor);
    *ret_settled = false;
    return err || last > cursor ? err : look_at_all(txn, cid, look, ret_settled);
}

void cid_begin(const struct uuid *cid, struct json_out *out)
{
    char text[UUID_TEXT];
    uuid_format(cid, text);
    json_open(out, '{');
    json_put_str(out, "cid", text);
    json_key(out, "executions");
    json_open(out, '[');
}

/* Results that are written while the store is walked. */
struct printing {
    struct store_txn *txn;
    struct page *page;
    struct json_out *out;
    struct uuid last; /* the last that was written */
    bool more;
    enum err err;
};

static bool print_one(const struct uuid *id, void *context)
{
    struct printing *printing = context;
    printing->more = page_is_full(printing->page, printing->out);
    if (printing->more)
        return false;
    printing->last = *id;
    printing->err = page_add_execution(printing->page, printing->txn, id, printing->out);
    return !printing->err;
}

enum err cid_page(struct store_txn *txn, const struct uuid *cid, const struct uuid *after,
    struct page *page, struct json_out *out, struct uuid *ret_next)
{
    struct printing printing = {.txn = txn, .page = page, .out = out};
    uint64_t last;
    enum err err = events_last_of_cid(txn, cid, &last);
    page_begin(page, out);
    if (!err)
        err = executions_of_cid(txn, cid, after, print_one, &printing);
    *ret_next = printing.more ? printing.last : UUID_NONE;
    return err ? err : printing.err;
}

void cid_end(const struct uuid *next, struct json_out *out)
{
    char text[UUID_TEXT];
    uuid_format(next, text);
    json_close(out, ']');
    if (!uuid_is_none(next))
        json_put_str(out, "next", text);
    json_close(out, '}');
}
