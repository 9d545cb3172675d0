/* login - see login.h. */
#include "home/login.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool login_is_home(const struct home *home, const char *directory)
{
    char path[PATH_MAX];
    struct stat st;
    size_t len = strlen(home->dir);
    if (*directory != '/' || !realpath(directory, path) || stat(path, &st) < 0)
        return false;
    bool is_inside = strncmp(path, home->dir, len) == 0 && (!path[len] || path[len] == '/');
    return S_ISDIR(st.st_mode) && !is_inside;
}

void login_of(const struct home *home, const struct account *account, struct login *ret_login)
{
    const char *set = home->config.step_home;
    const struct passwd *found = account ? getpwnam(home->config.step_user) : getpwuid(geteuid());
    const char *directory = *set ? set : found ? found->pw_dir : "";
    if (found)
        snprintf(ret_login->name, LOGIN_NAME, "%s", found->pw_name);
    else
        snprintf(ret_login->name, LOGIN_NAME, "%u", (unsigned)(account ? account->uid : geteuid()));
    bool good = *set || login_is_home(home, directory);
    if (!good || snprintf(ret_login->home, PATH_MAX, "%s", directory) >= PATH_MAX)
        ret_login->home[0] = 0;
}
