/*
 * pipelines - the pipelines: create, read, replace, delete.
 */
#include "definitions.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"GET", "/api/v1/pipelines", SCOPE_PIPELINES, definitions_list},
    {"POST", "/api/v1/pipelines", SCOPE_PIPELINES, definitions_create},
    {"GET", "/api/v1/pipelines/{id}", SCOPE_PIPELINES, definitions_get},
    {"PUT", "/api/v1/pipelines/{id}", SCOPE_PIPELINES, definitions_replace},
    {"DELETE", "/api/v1/pipelines/{id}", SCOPE_PIPELINES, definitions_delete},
    {"GET", "/api/v1/pipelines/{id}/versions", SCOPE_PIPELINES, definitions_versions},
    {"GET", "/api/v1/pipelines/{id}/versions/{version}", SCOPE_PIPELINES, definitions_version},
};

int main(void)
{
    static const struct program pipelines = {
        "pipelines", STORE_READ_WRITE, routes, sizeof routes / sizeof routes[0]};
    serve_main(&pipelines);
}
