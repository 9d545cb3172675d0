/* listing - see listing.h. */
#include "web/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "view/execution.h"

/* Takes one parameter of a list into the query. False, with what it must be, when it is not that.
 */
static bool take(
    struct execution_query *query, const char *name, struct span value, const char **ret_must)
{
    char *end;
    if (strcmp(name, "status") == 0) {
        query->with_status = true;
        *ret_must = "must be pending, in_progress, completed, failed or skipped";
        return status_parse(value, &query->status);
    }
    if (strcmp(name, "since") == 0 || strcmp(name, "until") == 0) {
        *ret_must = "must be an RFC 3339 time such as 2026-01-31T12:00:00Z";
        return clock_parse(value, name[0] == 's' ? &query->since_ms : &query->until_ms);
    }
    if (strcmp(name, "after") == 0) {
        *ret_must = "must be the \"next\" of the page before";
        return uuid_parse(value, &query->after);
    }
    if (strcmp(name, "limit") == 0) {
        *ret_must = "must be a whole number from 1 to 1000";
        long limit = value.len && value.len < 6 ? strtol((const char *)value.data, &end, 10) : 0;
        query->limit = (size_t)limit;
        return limit >= 1 && limit <= EXECUTIONS_LIMIT_MAX && value.data[0] >= '0' &&
               value.data[0] <= '9' && end == (const char *)value.data + value.len;
    }
    *(strcmp(name, "service") == 0         ? &query->service
        : strcmp(name, "pipeline_id") == 0 ? &query->pipeline_id
                                           : &query->event_type) = value;
    *ret_must = "must not be empty";
    return value.len > 0;
}

bool listing_read(struct request *request, const char *const *names, struct execution_query *query)
{
    for (; *names; names++) {
        const char *must = NULL;
        struct span value;
        enum err err = request_query(request, *names, &value);
        if (err == ERR_INVALID) {
            reply_bad_query(request, *names);
            return false;
        }
        if (!err && !take(query, *names, value, &must)) {
            reply_problem(request, 422, "%s: %s.", *names, must);
            return false;
        }
    }
    return true;
}

/* Writing results from inside a walk of the store. */
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
