#ifndef RUNNER_ANSWER_H
#define RUNNER_ANSWER_H
/*
 * answer - the one line with which a persistent script answers an execution:
 *
 *   {"ok": true}
 *   {"ok": false, "error": "…", "retry": false}
 *
 * `error` is text or null; `retry` false gives up, as exit 100 of other scripts does. Either
 * answer may have {"save": {…}} and {"emit": [{…}, …]}, with objects as in saved.h. A member
 * that is not known is refused.
 */
#include "runner/saved.h"

struct answer {
    bool ok;
    bool retry;       /* true unless the answer says otherwise */
    struct buf error; /* the answer's error; buf_done */
};

/* False for a line that is not acceptable: saved->why says why, as in "its answer WHY". */
bool answer_take(
    struct span line, const struct config *config, struct saved *saved, struct answer *ret_answer);

#endif
