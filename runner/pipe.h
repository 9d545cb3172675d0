#ifndef RUNNER_PIPE_H
#define RUNNER_PIPE_H
/*
 * pipe - pipes to and from a process, closed by exec. Our end, the one that the process does
 * not get, does not block.
 */
#include <stdbool.h>
#include <stddef.h>

/* False: an errno says why; what there is of the pipe is for the caller to close. */
bool pipe_from_child(int *ret_ours, int *ret_its);
bool pipe_to_child(int *ret_ours, int *ret_its);

typedef void pipe_sink(const void *bytes, size_t len, void *context);

/*
 * Reads once, up to 64 KiB, and hands on what came. At the end of the file the descriptor is
 * closed and *fd becomes -1. False when nothing more is there at the moment.
 */
bool pipe_read(int *fd, pipe_sink *sink, void *context);

/*
 * Reads what is there, no more than a pipe can hold: for one that only somebody whom the runner
 * cannot end may still write into. Any user's pipes hold 1 MiB at most (pipe-max-size, pipe(7)).
 */
void pipe_drain(int *fd, pipe_sink *sink, void *context);

/* Closes a descriptor that may be closed already; *fd becomes -1. */
void pipe_close(int *fd);

#endif
