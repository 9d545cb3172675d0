#ifndef HOME_OUTSIDE_H
#define HOME_OUTSIDE_H
/*
 * outside - all of the file system but the home, as rules of Landlock.
 *
 * Landlock can only allow, so everything is allowed that lies beside the home and
 * beside each directory above it. The directories above themselves are not: in "/" and
 * in "/srv" above a home "/srv/fx", nothing can be listed or made, while all that is in
 * them is as it was. Symbolic links there lead to where they lead: what counts is the
 * place behind them.
 *
 * Each entry is a rule, and each process that enters the rules copies them, 0.2 us a rule: a
 * home in a directory with a thousand others starts scripts more slowly than one at /srv/fx.
 *
 * The home stays shut also where another mount shows it, or a directory above it, right
 * beside one of these directories. It is open where a bind mount shows it deeper down,
 * and a file of it is where a hard link to that file lies outside.
 */
#include <stdbool.h>
#include <stdint.h>

#include "home/home.h"

/* Allows all that is there now, with these landlock_rights. False, logged, when it failed. */
bool outside_allow(const struct home *home, int rules, unsigned rights);

/* Whether something new lies there, which rules made before do not allow. */
struct outside {
    int mounts_fd; /* -1 where that cannot be asked */
    uint64_t stamp;
};

void outside_watch(struct outside *outside, const struct home *home);       /* from now on */
bool outside_has_changed(struct outside *outside, const struct home *home); /* since last asked */

#endif
