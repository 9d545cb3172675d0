#ifndef BASE_BASE64_H
#define BASE_BASE64_H
/*
 * base64 - RFC 4648: section 4 with padding, and section 5 (URL-safe) without.
 */
#include <stdbool.h>

#include "base/buf.h"

void base64_encode(struct span bytes, struct buf *out);
void base64url_encode(struct span bytes, struct buf *out);

/*
 * Strict: takes the standard alphabet with its padding, and refuses white space and
 * stray bits in the last group. False, and nothing appended, when it refuses the text.
 */
bool base64_decode(struct span text, struct buf *out);

#endif
