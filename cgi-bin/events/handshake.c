/* handshake - see handshake.h. */
#include "cgi-bin/events/handshake.h"

void handshake(struct request *request)
{
    bool twice;
    reply_header(request, "Allow", "POST, OPTIONS");
    if (request_header_named(request, "webhook-request-origin", &twice).len) {
        reply_header(request, "WebHook-Allowed-Origin", "*");
        if (request_header_named(request, "webhook-request-rate", &twice).len)
            reply_header(request, "WebHook-Allowed-Rate", "*");
    }
    reply_nothing(request, 204);
}
