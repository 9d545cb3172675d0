/* installed - see installed.h. */
#include "home/installed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool installed_find(const char *name, char ret_path[PATH_MAX])
{
    static const char *const places[] = {"", "../bin/", "../../bin/", "../libexec/fxbridge/"};
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return false;
    exe[n] = 0;
    *(strrchr(exe, '/') + 1) = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (snprintf(ret_path, PATH_MAX, "%s%s%s", exe, places[i], name) < PATH_MAX &&
            access(ret_path, X_OK) == 0)
            return true;
    return false;
}
