#ifndef WEB_AUTH_H
#define WEB_AUTH_H
/*
 * auth - who may: API keys, in X-API-KEY or as Authorization: Bearer (RFC 6750),
 * and on some routes the signatures of webhooks (web/webhook.h).
 *
 * The credential is looked up in the store for every request, so the next request after a
 * revocation is refused. There is one 401 for every reason; the reason is in the log. A
 * security header that came twice is refused, since front ends and programs could each take
 * a different one for the real one. An address whose credentials keep failing is told to
 * wait, before anything is looked up. Only good requests use up a credential's own rate.
 */
#include "web/request.h"

/* True when the request, its credential set, may go on. Else it was answered: 400 401 403 429. */
bool auth_check(struct request *request, const struct route *route);

#endif
