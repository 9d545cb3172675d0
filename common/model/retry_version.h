#ifndef MODEL_RETRY_VERSION_H
#define MODEL_RETRY_VERSION_H
/*
 * retry_version - which version of its pipeline an execution is tried with when people try it
 * again.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct retry_version {
    enum {
        RETRY_LATEST, /* what would start it today, so that a fix counts */
        RETRY_SAME,   /* the one that it had */
        RETRY_NUMBER, /* the one with this number */
    } which;
    uint32_t number;
};

#define RETRY_VERSION_RIGHT "must be latest, same, or the number of a version"

/* Reads "latest", "same" or a number. False for other text. */
bool retry_version_parse(struct span text, struct retry_version *ret_version);

/* Appends it so. */
void retry_version_print(const struct retry_version *version, struct buf *out);

#endif
