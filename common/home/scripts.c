/* scripts - see scripts.h. */
#include "home/scripts.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool scripts_has(const struct home *home, const char *name)
{
    char place[NAME_MAX + 16], path[PATH_MAX];
    struct stat st;
    snprintf(place, sizeof place, "scripts/%s", name);
    home_path(home, place, path);
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}
