#ifndef RUNNER_ANSWER_H
#define RUNNER_ANSWER_H
/*
 * answer - the one line with which a persistent script answers an execution:
 *
 *   {"ok": true}
 *   {"ok": false, "error": "…", "retry": false}
 *
 * `error` is text or null; `retry` false gives up, as exit 100 does for other
 * scripts. Both may have {"save": {…}} and {"emit": [{…}, …]}, whose objects are those
 * of lines.h. A member that is not known is refused.
 */
#include "runner/lines.h"

struct answer {
    bool ok;
    bool retry;       /* true unless it says otherwise */
    struct buf error; /* what it says; buf_done */
};

/* False when it is not acceptable; saved->why then says why, as in "its answer WHY". */
bool answer_take(
    struct span line, const struct config *config, struct saved *saved, struct answer *ret_answer);

#endif
