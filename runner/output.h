#ifndef RUNNER_OUTPUT_H
#define RUNNER_OUTPUT_H
/*
 * output - what processes write into pipes: read without waiting, and kept within bounds.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Makes a pipe whose ends are closed by exec. Reading from the runner's end never blocks. */
bool pipe_from_child(int *ret_ours, int *ret_its);
bool pipe_to_child(int *ret_ours, int *ret_its);

/* The end of a log. */
struct tail {
    struct buf bytes;
    size_t max;
};

void tail_add(struct tail *tail, const void *bytes, size_t len);
void tail_trim(struct tail *tail); /* called at the end: leaves the last max bytes */

typedef void output_sink(const void *bytes, size_t len, void *context);

/*
 * Reads once, up to 64 KiB, and hands on what came. At the end of the file the descriptor is
 * closed and *fd becomes -1. False when nothing more is there at the moment.
 */
bool output_read(int *fd, output_sink *sink, void *context);

/* Closes a descriptor that may be closed already; *fd becomes -1. */
void output_close(int *fd);

#endif
