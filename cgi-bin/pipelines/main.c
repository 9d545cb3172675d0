/*
 * pipelines - the pipelines: create, read, replace, delete, run by hand; and what
 * people do to single executions.
 */
#include "cgi-bin/pipelines/definitions.h"
#include "cgi-bin/pipelines/runs.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"GET", "/api/v1/pipelines", SCOPE_PIPELINES, definitions_list},
    {"POST", "/api/v1/pipelines", SCOPE_PIPELINES, definitions_create},
    {"GET", "/api/v1/pipelines/{id}", SCOPE_PIPELINES, definitions_get},
    {"PUT", "/api/v1/pipelines/{id}", SCOPE_PIPELINES, definitions_replace},
    {"DELETE", "/api/v1/pipelines/{id}", SCOPE_PIPELINES, definitions_delete},
    {"GET", "/api/v1/pipelines/{id}/versions", SCOPE_PIPELINES, definitions_versions},
    {"GET", "/api/v1/pipelines/{id}/versions/{version}", SCOPE_PIPELINES, definitions_version},
    {"POST", "/api/v1/batches/{pipeline_id}", SCOPE_PIPELINES, runs_start},
    {"POST", "/api/v1/executions/{id}/retry", SCOPE_PIPELINES, runs_retry},
    {"POST", "/api/v1/executions/{id}/skip", SCOPE_PIPELINES, runs_skip},
    {"POST", "/api/v1/executions/{id}/cancel", SCOPE_PIPELINES, runs_cancel},
};

int main(void)
{
    static const struct program pipelines = {
        "pipelines", STORE_READ_WRITE, routes, sizeof routes / sizeof routes[0], .reads_key = true};
    serve_main(&pipelines);
}
