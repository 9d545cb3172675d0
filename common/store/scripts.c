/* scripts - see scripts.h. */
#include "store/scripts.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_executable(const struct home *home, const char *script)
{
    char name[NAME_MAX + 16], path[PATH_MAX];
    struct stat st;
    snprintf(name, sizeof name, "scripts/%s", script);
    home_path(home, name, path);
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

enum err scripts_check(
    const struct home *home, const struct pipeline *pipeline, struct buf *ret_why)
{
    for (size_t i = 0; i < pipeline->step_count; i++) {
        const struct step *step = &pipeline->steps[i];
        if (step->kind != STEP_SCRIPT || is_executable(home, step->script))
            continue;
        buf_printf(ret_why,
            "steps[%zu].script: there is no executable \"%s\" in the home's scripts directory; put "
            "it there and make it executable first.",
            i, step->script);
        return ERR_INVALID;
    }
    return ERR_OK;
}
