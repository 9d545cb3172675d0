#ifndef MODEL_NAME_H
#define MODEL_NAME_H
/*
 * name - which names the contract allows (model/limits.h has the lengths).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

bool name_is_topic(struct span s); /* [A-Za-z0-9._:/-]{1,249} */

/*
 * Is a type or topic the bridge's own, which tells of what the bridge does? It begins with "fx.",
 * in lower case. Those that a door gives an event whose sender names none (fx.events.*.incoming)
 * are not its own: they stand for the sender's words.
 */
bool name_is_ours(struct span s);
#define NAME_OURS "fx."
#define NAME_NOT_OURS "names that begin with \"fx.\" are FX Bridge's own; use another"

bool name_is_pipeline_id(struct span s); /* [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
bool name_is_pipeline(struct span s);    /* 1 to 64 characters that show, no blank at an end */
bool name_is_step(struct span s);        /* [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
bool name_is_script(struct span s);      /* [A-Za-z0-9_][A-Za-z0-9._-]{0,127} */

/*
 * [A-Za-z_][A-Za-z0-9_]{0,127}, but not FX_…, which the bridge sets. The operator decides
 * which of these a definition may set ([step] env_allow of fx.conf).
 */
bool name_is_variable(struct span s);

bool name_is_step_secret(struct span s); /* [A-Za-z0-9][A-Za-z0-9._-]{0,63} */

/* "own/" and 16 digits of lower-case hex: a step secret that is a pipeline's own. */
#define OWN_SECRET "own/"
#define OWN_SECRET_DIGITS 16
bool name_is_own_secret(struct span s);

/* Are these two names of one pipeline, which differ in case at most? Both are UTF-8. */
bool name_is_same(struct span a, struct span b);

/* Appends what the names that differ in case alone have in common. */
void name_fold(struct span name, struct buf *out);

/*
 * Appends the name as a word that can stand in a URI: what is not unreserved there
 * (RFC 3986, section 2.3) is percent-encoded.
 */
void name_encode(struct span name, struct buf *out);

/* The number that names a version: digits, from 1, without leading zeros. 0 for other text. */
uint32_t name_version(struct span s);

#endif
