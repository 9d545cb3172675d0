/* listing - see listing.h. */
#include "web/listing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "view/execution.h"

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

/* Digits alone: strtol would also take white space or a sign before the number. */
static bool take_limit(struct span value, struct execution_query *query)
{
    const char *text = (const char *)value.data;
    char *end = NULL;
    long limit = value.len < 6 ? strtol(text, &end, 10) : 0;
    query->limit = (size_t)limit;
    return text[0] >= '0' && text[0] <= '9' && end == text + value.len && limit >= 1 &&
           limit <= EXECUTIONS_LIMIT_MAX;
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

static const struct parameter *find_parameter(const char *name)
{
    const struct parameter *p = parameters, *end = p + sizeof parameters / sizeof parameters[0];
    while (p < end && strcmp(p->name, name) != 0)
        p++;
    assert(p < end); /* handlers name those that listing.h lists */
    return p;
}

bool listing_read(struct request *request, const char *const *names, struct execution_query *query)
{
    for (; *names; names++) {
        const struct parameter *parameter = find_parameter(*names);
        struct span value;
        if (!request_text(request, *names, &value))
            return false;
        if (value.data && !parameter->take(value, query)) {
            reply_problem(request, 422, "%s: %s.", *names, parameter->must);
            return false;
        }
    }
    return true;
}

/* Results that are written while the store is walked. */
struct printing {
    struct store_txn *txn;
    struct json_out out;
    enum err err;
};

static bool print_one(const struct uuid *id, void *context)
{
    struct printing *printing = context;
    printing->err = execution_print(printing->txn, id, &printing->out);
    return !printing->err;
}

void listing_reply(struct request *request, const struct execution_query *query, const char *member)
{
    struct execution_query page = *query;
    struct uuid next;
    char next_text[UUID_TEXT];
    struct buf body = BUF_INIT;
    struct printing printing = {.out = json_out_to(&body)};
    if (!page.limit)
        page.limit = EXECUTIONS_LIMIT_DEFAULT;
    enum err err = store_read_begin(request->store, &printing.txn);
    if (!err) {
        json_open(&printing.out, '{');
        json_key(&printing.out, member);
        json_open(&printing.out, '[');
        err = executions_list(printing.txn, &page, print_one, &printing, &next);
        json_close(&printing.out, ']');
        store_read_end(printing.txn);
    }
    if (!err)
        err = printing.err;
    if (err) {
        reply_error(request, err);
    } else {
        uuid_format(&next, next_text);
        json_put_str(&printing.out, "next", uuid_is_none(&next) ? NULL : next_text);
        json_close(&printing.out, '}');
        reply_json(request, 200, buf_span(&body));
    }
    buf_done(&body);
}
