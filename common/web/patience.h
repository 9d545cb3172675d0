#ifndef WEB_PATIENCE_H
#define WEB_PATIENCE_H
/*
 * patience - for how long a peer is waited for that sends something or takes something: it must
 * not be silent for too long, and what it does must come to so much on the average.
 */
#include <stddef.h>
#include <stdint.h>

struct patience {
    int64_t timeout_seconds;        /* of silence */
    int64_t least_bytes_per_second; /* from timeout_seconds on; 0: any */
};

/* A transfer: when it began, when the peer last did something, by clock_mono_ms, and how much. */
struct transfer {
    int64_t since_ms, heard_ms;
    size_t bytes;
};

/* For how many milliseconds the peer is still waited for, if it stays silent; 0: no more. */
int64_t patience_left_ms(
    const struct patience *patience, const struct transfer *transfer, int64_t now_ms);

#endif
