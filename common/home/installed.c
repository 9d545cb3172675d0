/* installed - see installed.h. */
#include "home/installed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Below the folder of the running executable. libexec comes first: an earlier version may have
 * left its fx-runner beside fx-dispatcher.
 */
static const char *const places[] = {
    "../libexec/fxbridge/", "", "../bin/", "../../bin/", "../../libexec/fxbridge/"};

#define PLACES (sizeof places / sizeof places[0])

/* The folder of the running executable, with a slash at its end. */
static bool own_folder(char ret_dir[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", ret_dir, PATH_MAX - 1);
    ret_dir[n > 0 ? n : 0] = 0;
    char *slash = strrchr(ret_dir, '/');
    if (slash)
        slash[1] = 0;
    return slash != NULL;
}

static bool is_there(const char *dir, const char *place, const char *name, char ret_path[PATH_MAX])
{
    return snprintf(ret_path, PATH_MAX, "%s%s%s", dir, place, name) < PATH_MAX &&
           access(ret_path, X_OK) == 0;
}

bool installed_find(
    const struct home *home, const char *name, char ret_path[PATH_MAX], struct buf *why)
{
    const char *set = home->config.dispatcher_programs;
    char dir[PATH_MAX];
    bool known = own_folder(dir);
    for (size_t i = 0; known && i < PLACES; i++)
        if (is_there(dir, places[i], name, ret_path))
            return true;
    if (*set && is_there(set, "/", name, ret_path))
        return true;
    buf_printf(why, "%s is not in %s", name, known ? dir : "the folder of this program");
    for (size_t i = 0; i < PLACES; i++)
        if (*places[i])
            buf_printf(why, ", %s", places[i]);
    buf_printf(why,
        " seen from there; install it, or name its folder as programs in [dispatcher] of fx.conf");
    if (*set)
        buf_printf(why, ", which is %s", set);
    return false;
}
