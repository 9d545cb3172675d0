#ifndef HOME_LAYOUT_H
#define HOME_LAYOUT_H
/*
 * layout - the directories and files of a home, and who may do what with them.
 *
 * A home is shared or split. In a shared one everything is its group's, which the web server may
 * be of. In a split one the owner's account alone writes; accounts of the readers' group, which
 * db/ has, read the store; those of the steps' group, which scripts/ has, start scripts. Neither
 * reaches secret.key.
 *
 * One limit stands: a reader has db/lock.mdb and run/meters open for writing, as LMDB wants it
 * (store/PLATFORM.md), and whoever writes the store trusts lock.mdb. So this guards secrets, and
 * against mistakes; a reader that is taken over can still do harm.
 */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Whose group a part of a split home has. */
enum layout_group { LAYOUT_OWNER, LAYOUT_READERS, LAYOUT_STEPS };

struct layout_part {
    const char *name; /* in the home; "": the home itself */
    mode_t shared;    /* the mode in a shared home */
    mode_t split;     /* and in a split one */
    unsigned need;    /* what the account of the home has to do with it: R_OK, W_OK, X_OK */
    enum layout_group group;
    bool is_directory;
    bool is_made; /* by `fxctl init`, and so there from the beginning */
};

extern const struct layout_part layout_parts[];
extern const size_t layout_count;

/* dir + "/" + the part's name. */
void layout_path(const char *dir, const struct layout_part *part, char ret_path[PATH_MAX]);

/*
 * Gives each part the mode and the group of a split home, and makes what a reader cannot make. The
 * account is of both groups, or root. `steps` is -1 where scripts run as the owner. ERR_IO, logged.
 */
enum err layout_split(const char *dir, gid_t readers, gid_t steps) MUST_CHECK;

#endif
