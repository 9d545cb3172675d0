#ifndef WEB_WEBHOOK_H
#define WEB_WEBHOOK_H
/*
 * webhook - which webhook secret has signed a request.
 *
 * ?key=<credential id> names the secret; without it every live secret is tried whose header
 * came, up to WEBHOOKS_TRIED of them.
 */
#include "web/request.h"

/* Does the URL name a secret, whether there is such a one or not? */
bool webhook_is_named(struct request *request);

/* Does the request carry what looks like a signature, by a header of any provider or by ?key=? */
bool webhook_is_signed(struct request *request);

/*
 * Finds the secret, and copies its credential to *ret_credential (text into the request's
 * arena) and its scheme to *ret_scheme. ERR_DENIED, and why in ret_why, when no secret has
 * signed the request; other errors are the store's.
 */
enum err webhook_find(struct request *request, struct credential *ret_credential,
    struct scheme *ret_scheme, struct buf *ret_why) MUST_CHECK;

#endif
