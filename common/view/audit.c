/* audit - see audit.h. */
#include "view/audit.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"

static void put_if_any(struct json_out *o, const char *name, struct span text)
{
    if (text.len)
        json_put_text(o, name, text);
    else
        json_put_str(o, name, NULL);
}

void audit_print(const struct audit *audit, struct json_out *out)
{
    const struct actor *actor = &audit->actor;
    char id[UUID_TEXT];
    uuid_format(&actor->credential, id);
    json_open(out, '{');
    json_put_int(out, "seq", (int64_t)audit->seq);
    json_key(out, "at");
    json_time(out, audit->at_ms);
    put_if_any(out, "actor", actor->name);
    json_put_str(out, "actor_kind", actor_kind_name(actor->kind));
    json_put_str(out, "credential", uuid_is_none(&actor->credential) ? NULL : id);
    put_if_any(out, "address", actor->address);
    put_if_any(out, "request", actor->request);
    json_put_text(out, "action", audit->action);
    json_put_text(out, "subject", audit->subject);
    json_put_raw(out, "detail", audit->detail.len ? audit->detail : span_str("null"));
    json_close(out, '}');
}

static bool is_text(struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < 0x20 || value.data[i] == 0x7f)
            return false;
    return value.len > 0;
}

static bool take_actor(struct span value, struct audit_query *query)
{
    query->actor = value;
    return is_text(value);
}

static bool take_action(struct span value, struct audit_query *query)
{
    query->action = value;
    return is_text(value);
}

static bool take_subject(struct span value, struct audit_query *query)
{
    query->subject = value;
    return is_text(value);
}

static bool take_since(struct span value, struct audit_query *query)
{
    return clock_parse(value, &query->since_ms);
}

static bool take_until(struct span value, struct audit_query *query)
{
    return clock_parse(value, &query->until_ms);
}

static bool take_limit(struct span value, struct audit_query *query)
{
    uint64_t limit = 0;
    bool good = ascii_number(value, AUDIT_LIMIT_MAX, &limit) && limit;
    query->limit = limit;
    return good;
}

static bool take_after(struct span value, struct audit_query *query)
{
    query->oldest_first = true;
    return ascii_number(value, INT64_MAX - 1, &query->from);
}

static bool take_before(struct span value, struct audit_query *query)
{
    return !query->oldest_first && ascii_number(value, INT64_MAX, &query->from) && query->from;
}

#define TEXT "must be text without control characters"
#define TIME "must be an RFC 3339 time such as 2026-01-31T12:00:00Z"

/* The parameters of a list: where each goes, and what it must be. */
static const struct parameter {
    const char *name;
    bool (*take)(struct span value, struct audit_query *query); /* false: a wrong value */
    const char *must;
} parameters[] = {
    {"actor", take_actor, TEXT ", perhaps with * at its end"},
    {"action", take_action, TEXT ", perhaps with * at its end"},
    {"subject", take_subject, TEXT},
    {"since", take_since, TIME},
    {"until", take_until, TIME},
    {"limit", take_limit, "must be a whole number from 1 to 1000"},
    {"after", take_after, "must be the number of a record, or 0"},
    {"before", take_before, "must be the \"next\" of the page before, and does not go with after"},
};

const char *audit_take(struct audit_query *query, const char *name, struct span value)
{
    const struct parameter *p = parameters, *end = p + sizeof parameters / sizeof parameters[0];
    while (p < end && strcmp(p->name, name) != 0)
        p++;
    assert(p < end); /* callers name those that audit.h lists */
    return p->take(value, query) ? NULL : p->must;
}

/* A page that is written while the store is walked. */
struct rows {
    struct page *page;
    struct json_out *out;
};

static bool add_row(const struct audit *audit, void *context)
{
    struct rows *rows = context;
    rows->page->rows++;
    audit_print(audit, rows->out);
    return !page_is_full(rows->page, rows->out);
}

enum err audit_page(struct store_txn *txn, struct audit_query *query, struct page *page,
    struct json_out *out, bool *ret_more)
{
    struct rows rows = {page, out};
    uint64_t from = query->from;
    page_begin(page, out);
    enum err err = audit_list(txn, query, add_row, &rows, &query->from);
    *ret_more = !err && (query->oldest_first ? query->from != from : query->from != 0);
    return err;
}
