/*
 * ops - tells those who run a home, and their machines, how it fares: health and metrics. The
 * program opens the store read-only.
 */
#include "cgi-bin/ops/health.h"
#include "cgi-bin/ops/metrics.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"GET", "/health/live", SCOPE_NONE, health_live, .without_store = true},
    {"GET", "/health/ready", SCOPE_NONE, health_ready, .without_store = true},
    {"GET", "/health", SCOPE_STATUS, health_details},
    {"GET", "/metrics", SCOPE_STATUS, metrics},
};

int main(void)
{
    static const struct program ops = {
        "ops", STORE_READ_ONLY, routes, sizeof routes / sizeof routes[0]};
    serve_main(&ops);
}
