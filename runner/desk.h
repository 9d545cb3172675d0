#ifndef RUNNER_DESK_H
#define RUNNER_DESK_H
/*
 * desk - what lies in a script's work directory for all that the script starts: a file with the
 * step's context (FX_CONTEXT), which the script has open as descriptor 4, and a FIFO whose lines
 * the runner reads as it does those of descriptor 3 (FX_OUT).
 *
 * Nothing of a step changes a file's size or times, as a rule: such changes wait for the disk where
 * a commit of the store is being flushed. The context is written into mapped pages, and blanks
 * behind it fill the file.
 *
 * Both are made once and serve one step after the other. A script may do with their names what it
 * likes, so they are looked at before each step, and made anew where they are not as they were
 * made, or where somebody whom the runner could not end still writes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "home/account.h"
#include "runner/clear.h"

#define DESK_CONTEXT ".fx-context"
#define DESK_LINES ".fx-out"

struct desk {
    int context;                   /* the file; -1: nothing lies there */
    int draft;                     /* in memory: the context before it is in the file */
    void *pages;                   /* of the file, mapped; NULL: none */
    bool is_told;                  /* there is a context in them */
    struct stat file, fifo;        /* as they have to be */
    struct clear_spared spared[3]; /* their names; none while nothing lies there */
};

#define DESK_NONE ((struct desk){.context = -1, .draft = -1})

/* What a step needs, closed by exec. */
struct desk_ends {
    int context;     /* to read from the beginning */
    int said, heard; /* the FIFO: to write, and the runner's end, which does not block */
};

/*
 * Writes the context, a line, and opens what the next step needs, in a directory that belongs to
 * `guest` (NULL: to this process's account) and in which no process of a step runs any more. The
 * lines are at their end when the caller, too, has closed ret_ends->said. False when the
 * directory or its disk does not allow it; nothing is open then.
 */
bool desk_open(struct desk *desk, int dir, const struct account *guest, struct span context,
    struct desk_ends *ret_ends);

/* Forgets the context, for a time in which no step runs. */
void desk_rest(struct desk *desk);

/* How much of what is in the directory is not the script's, as measure.h counts. */
int64_t desk_bytes(const struct desk *desk);

/* Forgets both, for a directory that is given up. */
void desk_leave(struct desk *desk);

#endif
