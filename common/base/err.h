#ifndef BASE_ERR_H
#define BASE_ERR_H
/*
 * err - the one result type. Each value says what the caller should do.
 *
 * errno is for system calls only; a function that meets one logs it where the
 * cause is known and returns one of these.
 */

enum err {
    ERR_OK = 0,
    ERR_INVALID,  /* the input is wrong; say so to whoever sent it */
    ERR_NOTFOUND, /* what was asked for is not there */
    ERR_GONE,     /* it was there, and is kept no longer */
    ERR_CONFLICT, /* something that is there stands in the way */
    ERR_FULL,     /* no room in the map or on the disk; refuse new work, try again later */
    ERR_DENIED,   /* whoever asks is not allowed to */
    ERR_TIMEOUT,  /* the other side took too long */
    ERR_BUSY,     /* somebody else holds the thing; try again later */
    ERR_IO,       /* a system call failed; logged where it happened */
    ERR_CORRUPT,  /* a stored record or the environment is damaged; stop using it */
    ERR__MAX
};

/* A result that must not be dropped in silence. */
#define MUST_CHECK __attribute__((warn_unused_result))

/*
 * A large local on a path that is often taken, of which just what was written is read. The
 * compiler is told to zero all others (HARDENING in the Makefile).
 */
#define NOT_ZEROED __attribute__((uninitialized))

/* The name of a value, for logs: "invalid", "not found", … Never NULL. */
const char *err_name(enum err err);

#endif
