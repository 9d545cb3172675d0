/* need - see need.h. */
#include "home/need.h"

#include <unistd.h>

#include "base/forbid.h"
#include "base/landlock.h"
#include "base/log.h"
#include "home/outside.h"

/* A directory or a file of the home. */
static bool allow(const struct home *home, int rules, const char *name, unsigned rights)
{
    char path[PATH_MAX];
    home_path(home, name, path);
    return landlock_allow_path(rules, path, rights);
}

static bool allow_needs(const struct home *home, int rules, unsigned needs)
{
    bool good = landlock_allow_path(rules, "/proc", LANDLOCK_READ) &&
                allow(home, rules, "fx.conf", LANDLOCK_READ) &&
                allow(home, rules, "log", LANDLOCK_WRITE | LANDLOCK_MAKE);
    if (good && needs & (NEED_STATE | NEED_WAKE))
        good = allow(home, rules, "run", LANDLOCK_READ | (needs & NEED_WAKE ? LANDLOCK_WRITE : 0));
    /* Not the file: another takes its place when the key is changed. */
    if (good && needs & NEED_KEY)
        good = allow(home, rules, "", LANDLOCK_READ);
    if (good && needs & NEED_OUTSIDE)
        good = outside_allow(home, rules, LANDLOCK_READ);
    return good;
}

void need_only(const struct home *home, unsigned needs)
{
    if (forbid_is_possible() && !forbid(FORBID_PROGRAMS | FORBID_USER_NAMESPACES))
        log_errno("cannot give up starting programs");
    if (!landlock_version())
        return;
    int rules = landlock_new(true);
    if (rules < 0 || !allow_needs(home, rules, needs) || !landlock_enter(rules))
        log_errno("cannot give up the files that are not needed");
    if (rules >= 0)
        close(rules);
}
