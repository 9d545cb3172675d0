#ifndef HOME_LIVE_FILE_H
#define HOME_LIVE_FILE_H
/*
 * live_file - what a runner tells of an attempt while that runs: run/live/EXECUTION in the home.
 *
 * The file is a list of records, each a state of a step or a piece of a step's log. A runner only
 * appends to a file; where it has grown too large another takes its place, which has what still
 * counts. So whoever reads from its beginning what is there sees what is true, but for a record
 * that is just being written at its end. Nothing here is kept: the outcome of an attempt goes into
 * the store (schema/store.md), and the file goes soon after.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "home/home.h"

#define LIVE_FILE_DIR "run/live"

/* The file of an execution. */
void live_file_path(const struct home *home, const struct uuid *execution, char ret_path[PATH_MAX]);

/* A state of a step, with what model/execution.h has of a step, in its units. */
struct live_step {
    uint16_t step; /* its place among the steps */
    uint8_t status;
    int64_t started_ms, duration_us;
    int32_t exit_code;
    struct span name;
};

/* Bytes of a step's log, the first of which is its byte `from`, counted from 0. */
struct live_piece {
    uint16_t step;
    uint64_t from;
    struct span bytes;
};

/* Begins a file with the number of the attempt. */
void live_file_put_attempt(struct buf *out, uint32_t attempt);
void live_file_put_step(struct buf *out, const struct live_step *step);
void live_file_put_piece(struct buf *out, const struct live_piece *piece);

enum live_kind { LIVE_END, LIVE_ATTEMPT, LIVE_STEP, LIVE_PIECE };

/* A record; text borrows from the file's bytes. */
struct live_record {
    enum live_kind kind;
    uint32_t attempt;
    struct live_step step;
    struct live_piece piece;
};

/* Takes the next record off the bytes. LIVE_END where there is no whole one. */
enum live_kind live_file_next(struct span *rest, struct live_record *ret_record);

#endif
