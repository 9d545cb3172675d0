#ifndef HOME_FAULT_H
#define HOME_FAULT_H
/*
 * fault - what is wrong with a file of a home, in words that whoever finds it says: a program in
 * its log, and `fxctl doctor`.
 */
#include <stdbool.h>

#include "base/buf.h"

struct fault {
    const char *path; /* borrowed */
    struct buf what;  /* goes on from the path: "can be written by everybody" */
    struct buf hint;  /* what to consider before: "see that nothing in it was changed" */
    struct buf mend;  /* the command that mends it */
    bool needs_root;  /* to mend it, where the file is another account's */
};

/* Is called with each fault, which is the caller's. */
typedef void fault_told(const struct fault *fault, void *context);

#endif
