#ifndef MODEL_SCHEME_SECRET_H
#define MODEL_SCHEME_SECRET_H
/*
 * scheme_secret - the text that a secret is given as, and the key that it stands for.
 */
#include <stdbool.h>

#include "base/buf.h"
#include "model/scheme.h"

/*
 * May this text be a secret under the scheme? What could never verify is refused when a secret is
 * made: an empty one, several lines, broken base64, a token that no header can carry or that would
 * be taken for an API key. "must be …" in ret_why.
 */
bool scheme_secret_check(const struct scheme *scheme, struct span secret, struct buf *ret_why);

/*
 * The key that a secret stands for, perhaps in `decoded`, which the caller forgets
 * (crypto_forget) in any case. False for a secret that has none.
 */
bool scheme_secret_key(
    const struct scheme *scheme, struct span secret, struct buf *decoded, struct span *ret_key);

#endif
