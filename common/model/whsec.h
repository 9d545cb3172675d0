#ifndef MODEL_WHSEC_H
#define MODEL_WHSEC_H
/*
 * whsec - secrets as Standard Webhooks writes them: the base64 of a key, with
 * "whsec_" before it or without; or "v1,whsec_", as some copy it out.
 */
#include <stdbool.h>

#include "base/buf.h"

/* Bytes of a key; Standard Webhooks asks senders for 24 to 64. */
#define WHSEC_KEY_MIN 16
#define WHSEC_KEY_MAX 128

/* Does the secret begin with "whsec_" or "v1,whsec_"? */
bool whsec_is_marked(struct span secret);

/* Appends the key that the secret is the base64 of, of any length. False for no base64. */
bool whsec_decode(struct span secret, struct buf *out);

/* Likewise, but false also for a key that is too short or too long. The caller clears the key. */
bool whsec_key(struct span secret, struct buf *out);

#endif
