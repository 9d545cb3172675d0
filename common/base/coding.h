#ifndef BASE_CODING_H
#define BASE_CODING_H
/*
 * coding - bytes that HTTP carries compressed: what a Content-Encoding header names (RFC 9110,
 * section 8.4), and the bytes behind it, decoded under a bound.
 */
#include "base/buf.h"
#include "base/err.h"

enum coding {
    CODING_NONE,
    CODING_GZIP,    /* RFC 1952; also under its other name, x-gzip */
    CODING_DEFLATE, /* RFC 1950, or RFC 1951 alone, as many senders take the name */
    CODING_UNKNOWN, /* another one, or several, one upon the other */
};

#define CODINGS "gzip, deflate" /* those that can be decoded, as Accept-Encoding lists them */

/* What the header's value names, upper or lower case. Empty is CODING_NONE, as is "identity". */
enum coding coding_read(struct span header);

/*
 * Appends the bytes that gzip or deflate stand for. ERR_FULL when those are more than `most`;
 * ERR_INVALID, and *ret_why a sentence part, when they are damaged, end early, or have something
 * behind their end. A gzip of several members is one text (RFC 1952, section 2.2). `coded` has
 * less than 2 GiB.
 */
enum err coding_decode(enum coding coding, struct span coded, size_t most, struct buf *ret_bytes,
    const char **ret_why) MUST_CHECK;

#endif
