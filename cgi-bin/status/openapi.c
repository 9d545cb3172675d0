/* openapi - see openapi.h. */
#include "cgi-bin/status/openapi.h"

/* in openapi_json.S */
extern const uint8_t openapi_json[], openapi_json_end[];

void openapi(struct request *request)
{
    reply_json(request, 200, span_of(openapi_json, (size_t)(openapi_json_end - openapi_json)));
}
