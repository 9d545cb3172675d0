#ifndef MODEL_SCHEME_VALUE_H
#define MODEL_SCHEME_VALUE_H
/*
 * scheme_value - what stands in the headers of a signature: a list of items, a signature as
 * text, a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/scheme.h"

#define SCHEME_TIME_DIGITS 12 /* of seconds, for the next 29,000 years, and no overflow */

/* Cuts the first item off the rest, which is one item where there is no separator. */
struct span scheme_value_item(char separator, struct span *rest);

/* Is the item "name=value"? Never for a name that is "". */
bool scheme_value_is_named(struct span item, const char *name, struct span *ret_value);

/* How many bytes a signature has under the scheme; CRYPTO_MAC_MAX at most. */
size_t scheme_value_mac_bytes(const struct scheme *scheme);

/* Reads a signature of so many bytes. False for other text; then no byte counts. */
bool scheme_value_mac(const struct scheme *scheme, struct span text, uint8_t *ret_bytes);

/* A time as its sender writes it, in seconds. False for what is no time under the scheme. */
bool scheme_value_time(const struct scheme *scheme, struct span text, int64_t *ret_s);

#endif
