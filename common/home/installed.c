/* installed - see installed.h. */
#include "home/installed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Below the folder of the running executable. libexec comes first: an earlier version may have
 * left its fx-runner beside fx-dispatcher.
 */
static const char *const places[] = {"../libexec/fxbridge/", "", "../bin/", "../../bin/",
    "../../libexec/fxbridge/", "../lib/fxbridge/", "../cgi-bin/"};

#define PLACES (sizeof places / sizeof places[0])

#define DELETED " (deleted)" /* what the kernel puts behind the path of a file that is gone */

/* The running executable, or what has taken its place since. Returns where its name begins. */
static char *own_path(char ret_path[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", ret_path, PATH_MAX - 1);
    ssize_t end = n - (ssize_t)strlen(DELETED);
    ret_path[n > 0 ? n : 0] = 0;
    if (end > 0 && strcmp(ret_path + end, DELETED) == 0)
        ret_path[end] = 0;
    char *slash = strrchr(ret_path, '/');
    return slash ? slash + 1 : ret_path;
}

static bool is_there(const char *dir, const char *place, const char *name, struct installed *ret)
{
    if (snprintf(ret->path, PATH_MAX, "%s%s%s", dir, place, name) >= PATH_MAX ||
        access(ret->path, X_OK) < 0)
        return false;
    memcpy(ret->called, ret->path, PATH_MAX);
    return true;
}

/* Is it in the running file? */
static bool is_inside(const char *name, struct installed *ret)
{
    char path[PATH_MAX], *end = own_path(path);
    if (!installed_inside || !installed_inside(name) || access(path, X_OK) < 0)
        return false;
    memcpy(ret->path, path, PATH_MAX);
    *end = 0;
    return snprintf(ret->called, PATH_MAX, "%s%s", path, name) < PATH_MAX;
}

bool installed_find(
    const struct home *home, const char *name, struct installed *ret_installed, struct buf *why)
{
    const char *set = home->config.dispatcher_programs;
    char dir[PATH_MAX];
    *own_path(dir) = 0;
    if (is_inside(name, ret_installed))
        return true;
    for (size_t i = 0; *dir && i < PLACES; i++)
        if (is_there(dir, places[i], name, ret_installed))
            return true;
    if (*set && is_there(set, "/", name, ret_installed))
        return true;
    buf_printf(why, "%s is not in %s", name, *dir ? dir : "the folder of this program");
    for (size_t i = 0; i < PLACES; i++)
        if (*places[i])
            buf_printf(why, ", %s", places[i]);
    buf_printf(why,
        " seen from there; install it, or name its folder as programs in [dispatcher] of fx.conf");
    if (*set)
        buf_printf(why, ", which is %s", set);
    return false;
}
