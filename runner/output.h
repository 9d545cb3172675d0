#ifndef RUNNER_OUTPUT_H
#define RUNNER_OUTPUT_H
/*
 * output - what processes write into pipes: read without waiting, and kept within bounds.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A pipe, closed by exec; our end, the one that the process does not get, does not block. */
bool pipe_from_child(int *ret_ours, int *ret_its);
bool pipe_to_child(int *ret_ours, int *ret_its);

/* The end of a log. */
struct tail {
    struct buf bytes;
    size_t max;
};

void tail_add(struct tail *tail, const void *bytes, size_t len);
void tail_trim(struct tail *tail); /* to the last max bytes, at the end */

typedef void output_sink(const void *bytes, size_t len, void *context);

/*
 * Reads once, up to 64 KiB, and hands on what came. At its end the descriptor is
 * closed and *fd becomes -1. False when there is nothing more at the moment.
 */
bool output_read(int *fd, output_sink *sink, void *context);

/* Closes a descriptor that may be closed already; *fd becomes -1. */
void output_close(int *fd);

#endif
