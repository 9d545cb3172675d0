#ifndef MODEL_WHSEC_H
#define MODEL_WHSEC_H
/*
 * whsec - secrets as Standard Webhooks writes them: the base64 of a key, with
 * "whsec_" before it or without.
 */
#include <stdbool.h>

#include "base/buf.h"

/* Bytes of a key; Standard Webhooks asks senders for 24 to 64. */
#define WHSEC_KEY_MIN 16
#define WHSEC_KEY_MAX 128

/* Does "whsec_" stand before it? */
bool whsec_is_marked(struct span secret);

/* Appends what a secret is the base64 of, whatever its length. False when it is no base64. */
bool whsec_decode(struct span secret, struct buf *out);

/* The same, and it is as long as a key may be. What was appended is the caller's to clear. */
bool whsec_key(struct span secret, struct buf *out);

#endif
