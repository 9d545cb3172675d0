#ifndef MODEL_RETRY_H
#define MODEL_RETRY_H
/*
 * retry - when a failed execution is tried again: exponential backoff with full
 * jitter, as plain arithmetic (time and randomness are the caller's).
 */
#include <stdbool.h>
#include <stdint.h>

struct retry {
    uint32_t limit;       /* attempts after the first */
    int64_t delay_ms;     /* the first backoff, doubled each time */
    int64_t max_delay_ms; /* no backoff is longer */
};

#define RETRY_DEFAULT ((struct retry){3, 1000, 300000})

/* Is another attempt allowed after so many failed ones (1: the first has failed)? */
bool retry_allowed(const struct retry *retry, uint32_t failures);

/*
 * How long to wait after so many failed attempts: a whole number of milliseconds from 0 to
 * min(delay * 2^(failures - 1), max_delay), each as likely as the others, chosen by `random`.
 */
int64_t retry_backoff_ms(const struct retry *retry, uint32_t failures, uint64_t random);

#endif
