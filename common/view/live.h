#ifndef VIEW_LIVE_H
#define VIEW_LIVE_H
/*
 * live - an attempt as its runner tells of it while it runs, and for a moment after that
 * (home/live_file.h).
 */
#include <sys/types.h>

#include "home/home.h"
#include "model/execution.h"
#include "model/limits.h"

struct live {
    struct step_result steps[STEPS_MAX];
    uint16_t step_count;
    struct buf bytes; /* of the file, from which the steps borrow */
};

/* False, and nothing to be freed, where nobody tells of that attempt. */
bool live_read(
    const struct home *home, const struct uuid *execution, uint32_t attempt, struct live *ret_live);
void live_done(struct live *live);

/*
 * Appends what there is of a step's log, without a gap, up to what was written last. Returns
 * which byte of the log the first one is.
 */
uint64_t live_log(const struct live *live, size_t step, struct buf *out);

/* How an execution's file stands: it differs once there is something new. Zero: there is none. */
struct live_mark {
    ino_t file;
    off_t size;
};

struct live_mark live_look(const struct home *home, const struct uuid *execution);
bool live_is_same(const struct live_mark *a, const struct live_mark *b);

#endif
