/* listing - see listing.h. */
#include "view/listing.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"

static bool take_status(struct span value, struct execution_query *query)
{
    query->with_status = true;
    return status_parse(value, &query->status);
}

static bool take_service(struct span value, struct execution_query *query)
{
    query->service = value;
    return value.len > 0;
}

static bool take_pipeline_id(struct span value, struct execution_query *query)
{
    query->pipeline_id = value;
    return value.len > 0;
}

static bool take_event_type(struct span value, struct execution_query *query)
{
    query->event_type = value;
    return value.len > 0;
}

static bool take_since(struct span value, struct execution_query *query)
{
    return clock_parse(value, &query->since_ms);
}

static bool take_until(struct span value, struct execution_query *query)
{
    return clock_parse(value, &query->until_ms);
}

static bool take_after(struct span value, struct execution_query *query)
{
    return uuid_parse(value, &query->after);
}

static bool take_limit(struct span value, struct execution_query *query)
{
    uint64_t limit = 0;
    bool good = value.len < 6 && ascii_number(value, EXECUTIONS_LIMIT_MAX, &limit) && limit;
    query->limit = limit;
    return good;
}

/* The parameters of a list: where each goes, and what it must be. */
static const struct parameter {
    const char *name;
    bool (*take)(struct span value, struct execution_query *query); /* false: a wrong value */
    const char *must;
} parameters[] = {
    {"status", take_status, "must be pending, in_progress, completed, failed or skipped"},
    {"service", take_service, "must not be empty"},
    {"pipeline_id", take_pipeline_id, "must not be empty"},
    {"event_type", take_event_type, "must not be empty"},
    {"since", take_since, "must be an RFC 3339 time such as 2026-01-31T12:00:00Z"},
    {"until", take_until, "must be an RFC 3339 time such as 2026-01-31T12:00:00Z"},
    {"limit", take_limit, "must be a whole number from 1 to 1000"},
    {"after", take_after, "must be the \"next\" of the page before"},
};

const char *listing_take(struct execution_query *query, const char *name, struct span value)
{
    const struct parameter *p = parameters, *end = p + sizeof parameters / sizeof parameters[0];
    while (p < end && strcmp(p->name, name) != 0)
        p++;
    assert(p < end); /* callers name those that listing.h lists */
    return p->take(value, query) ? NULL : p->must;
}

void listing_begin(const char *member, struct json_out *out)
{
    json_open(out, '{');
    json_key(out, member);
    json_open(out, '[');
}

/* Executions that are written while the store is walked. */
struct printing {
    struct store_txn *txn;
    struct page *page;
    struct json_out *out;
    enum err err;
};

static bool print_one(const struct uuid *id, void *context)
{
    struct printing *printing = context;
    printing->err = page_add_execution(printing->page, printing->txn, id, printing->out);
    return !printing->err && !page_is_full(printing->page, printing->out);
}

enum err listing_page(struct store_txn *txn, struct execution_query *query, struct page *page,
    struct json_out *out, struct uuid *ret_next)
{
    struct printing printing = {.txn = txn, .page = page, .out = out};
    if (!query->limit)
        query->limit = EXECUTIONS_LIMIT_DEFAULT;
    page_begin(page, out);
    enum err err = executions_list(txn, query, print_one, &printing, ret_next);
    query->after = *ret_next;
    query->limit -= page->rows;
    return err ? err : printing.err;
}

void listing_end(const struct uuid *next, bool is_short, struct json_out *out)
{
    char text[UUID_TEXT];
    uuid_format(next, text);
    json_close(out, ']');
    json_put_str(out, "next", uuid_is_none(next) ? NULL : text);
    if (is_short) {
        json_key(out, "looked_back_to");
        json_time(out, uuid_ms(next));
    }
    json_close(out, '}');
}
