/*
 * console - the administration of a home: its dead letters.
 */
#include "cgi-bin/console/letters.h"
#include "web/serve.h"

static const struct route routes[] = {
    {"GET", "/api/v1/admin/dead-letters", SCOPE_ADMIN, letters_list},
    {"POST", "/api/v1/admin/dead-letters/retry", SCOPE_ADMIN, letters_retry_all},
    {"POST", "/api/v1/admin/dead-letters/{execution_id}/retry", SCOPE_ADMIN, letters_retry},
};

int main(void)
{
    static const struct program console = {
        "console", STORE_READ_WRITE, routes, sizeof routes / sizeof routes[0]};
    serve_main(&console);
}
