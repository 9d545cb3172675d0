/*
 * status - tells how events and executions fare, from the store, which this program opens
 * read-only, and from what runners tell of attempts that run; and what the whole interface is.
 */
#include "cgi-bin/status/openapi.h"
#include "cgi-bin/status/results.h"
#include "cgi-bin/status/step_logs.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"GET", "/fx/cid/{cid}", SCOPE_STATUS, results_of_cid},
    {"GET", "/fx/cid/{cid}/explain", SCOPE_STATUS, results_explain},
    {"GET", "/fx/executions/{execution_id}", SCOPE_STATUS, results_of_execution},
    {"GET", "/fx/executions/{execution_id}/event", SCOPE_STATUS, results_event},
    {"GET", "/fx/executions/{execution_id}/log", SCOPE_STATUS, step_logs},
    {"GET", "/fx/executions", SCOPE_STATUS, results_list},
    {"GET", "/fx/openapi.json", SCOPE_NONE, openapi},
    {"GET", "/", SCOPE_NONE, openapi_root},
};

int main(void)
{
    static const struct program status = {
        "status", STORE_READ_ONLY, routes, sizeof routes / sizeof routes[0]};
    serve_main(&status);
}
