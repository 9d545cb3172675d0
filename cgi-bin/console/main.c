/*
 * console - the administration of a home: its events, dead letters, step secrets and audit.
 */
#include "cgi-bin/console/audit.h"
#include "cgi-bin/console/erasures.h"
#include "cgi-bin/console/events.h"
#include "cgi-bin/console/letters.h"
#include "cgi-bin/console/step_secrets.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"GET", "/api/v1/admin/events", SCOPE_STATUS, events_list},
    {"GET", "/api/v1/admin/events/{seq}", SCOPE_STATUS, events_show},
    {"GET", "/api/v1/admin/events/{seq}/payload", SCOPE_STATUS, events_payload},
    {"GET", "/api/v1/admin/dead-letters", SCOPE_ADMIN, letters_list},
    {"POST", "/api/v1/admin/dead-letters/retry", SCOPE_ADMIN, letters_retry_all},
    {"POST", "/api/v1/admin/dead-letters/{execution_id}/retry", SCOPE_ADMIN, letters_retry},
    {"GET", "/api/v1/admin/step-secrets", SCOPE_ADMIN, step_secrets_rows},
    {"PUT", "/api/v1/admin/step-secrets/{name}", SCOPE_ADMIN, step_secrets_store},
    {"GET", "/api/v1/admin/step-secrets/{name}", SCOPE_ADMIN, step_secrets_show},
    {"DELETE", "/api/v1/admin/step-secrets/{name}", SCOPE_ADMIN, step_secrets_remove},
    {"GET", "/api/v1/admin/audit", SCOPE_ADMIN, audit_rows},
    {"POST", "/api/v1/admin/cids/{cid}/erase", SCOPE_ADMIN, erasures_make},
};

int main(void)
{
    static const struct program console = {
        "console", STORE_READ_WRITE, routes, sizeof routes / sizeof routes[0], .reads_key = true};
    serve_main(&console);
}
