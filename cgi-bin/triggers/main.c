/*
 * triggers - starts, watches and stops the event triggers of pipelines.
 */
#include "cgi-bin/triggers/control.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"GET", "/api/v1/events", SCOPE_TRIGGERS, control_list},
    {"POST", "/api/v1/events/{pipeline_id}", SCOPE_TRIGGERS, control_start},
    {"GET", "/api/v1/events/{pipeline_id}", SCOPE_TRIGGERS, control_status},
    {"DELETE", "/api/v1/events/{pipeline_id}", SCOPE_TRIGGERS, control_stop},
};

int main(void)
{
    static const struct program triggers = {
        "triggers", STORE_READ_WRITE, routes, sizeof routes / sizeof routes[0]};
    serve_main(&triggers);
}
