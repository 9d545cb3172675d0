/* home - see home.h. */
#include "home/home.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "home/durable.h"
#include "home/layout.h"
#include "home/trust.h"

static const char of_system[] = "/etc/fxbridge/home";

#define HOME_NAME_MAX 320 /* bytes of the longest name that is put behind the directory */

static bool format_path(char ret[PATH_MAX], const char *a, const char *b)
{
    return snprintf(ret, PATH_MAX, "%s%s", a, b) < PATH_MAX;
}

/* Is there room behind the directory? NULL stands for a directory that did not even fit. */
static bool has_room(const char *dir)
{
    if (dir && strlen(dir) + HOME_NAME_MAX < PATH_MAX)
        return true;
    log_error("the path of the home is too long; choose a shorter one");
    return false;
}

/* The first line of such a file is the absolute path of a home. */
static bool read_home_file(const char *path, char ret_dir[PATH_MAX])
{
    char dir[PATH_MAX];
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool found = fgets(dir, sizeof dir, file) != NULL;
    fclose(file);
    if (!found || dir[0] != '/')
        return false;
    dir[strcspn(dir, "\r\n")] = 0;
    memcpy(ret_dir, dir, sizeof dir);
    return true;
}

static bool beside_executable(char ret_dir[PATH_MAX], char ret_file[PATH_MAX])
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return false;
    exe[n] = 0;
    char *slash = strrchr(exe, '/');
    if (!slash)
        return false;
    slash[1] = 0;
    return format_path(ret_file, exe, "fxbridge.home") && read_home_file(ret_file, ret_dir);
}

/* False when the path does not fit. */
static bool of_account(char ret_dir[PATH_MAX])
{
    const char *account = getenv("HOME");
    const struct passwd *user = account && *account ? NULL : getpwuid(geteuid());
    if (!account || !*account)
        account = user ? user->pw_dir : "";
    return format_path(ret_dir, account, "/.fxbridge");
}

bool home_untold(char ret_dir[PATH_MAX], char ret_file[PATH_MAX])
{
    if (beside_executable(ret_dir, ret_file))
        return true;
    *ret_file = 0;
    if (!of_account(ret_dir))
        return false;
    if (access(ret_dir, F_OK) < 0 && read_home_file(of_system, ret_dir))
        memcpy(ret_file, of_system, sizeof of_system);
    return true;
}

bool home_is_of_system(const char *given, char ret_dir[PATH_MAX])
{
    char file[PATH_MAX];
    const char *dir = given ? given : getenv("FX_HOME");
    return !(dir && *dir) && home_untold(ret_dir, file) && strcmp(file, of_system) == 0;
}

enum err home_locate(const char *given, char ret_dir[PATH_MAX])
{
    char file[PATH_MAX];
    const char *dir = given ? given : getenv("FX_HOME");
    bool fits = dir && *dir ? format_path(ret_dir, dir, "") : home_untold(ret_dir, file);
    return has_room(fits ? ret_dir : NULL) ? ERR_OK : ERR_INVALID;
}

/* ERR_INVALID, logged, when fx.conf is wrong; without the file the defaults stand. */
static enum err read_settings(struct home *home)
{
    char path[PATH_MAX];
    struct buf why = BUF_INIT;
    home_path(home, "fx.conf", path);
    enum err err = config_read(path, &home->config, &why);
    if (err == ERR_INVALID)
        log_error("%s, %s", path, buf_text(&why));
    buf_done(&why);
    return err == ERR_INVALID ? ERR_INVALID : ERR_OK;
}

void home_tell_setting(
    const struct home *home, const char *section, const char *key, const struct buf *why)
{
    char path[PATH_MAX];
    home_path(home, "fx.conf", path);
    log_error("%s, line %d: %s of [%s]: %s", path, config_line_of(path, section, key), key, section,
        buf_text(why));
}

enum err home_open(const char *given, struct home *ret_home)
{
    char dir[PATH_MAX];
    enum err err = home_locate(given, dir);
    if (err)
        return err;
    struct stat st;
    if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || !realpath(dir, ret_home->dir)) {
        log_error("there is no home at %s; make one with: fxctl --home %s init", dir, dir);
        return ERR_NOTFOUND;
    }
    if (!has_room(ret_home->dir))
        return ERR_INVALID;
    if (trust_home(ret_home->dir))
        return ERR_DENIED;
    return read_settings(ret_home);
}

enum err home_reread(struct home *home)
{
    struct home again = *home;
    enum err err = trust_home(home->dir) ? ERR_DENIED : read_settings(&again);
    if (!err)
        *home = again;
    return err;
}

static bool is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * Makes a directory where there is none; one that is there stays as it is. It gets its name
 * when it has its mode: mkdir drops the set-group-id bit, which gives what is put inside to
 * the group.
 */
static bool make_dir(const char *dir, const struct layout_part *part)
{
    char path[PATH_MAX], aside[PATH_MAX];
    layout_path(dir, part, path);
    if (!format_path(aside, path, DURABLE_ASIDE))
        return false;
    if (is_dir(path))
        return true;
    if ((mkdir(aside, 0770) == 0 || errno == EEXIST) && chmod(aside, part->shared) == 0 &&
        rename(aside, path) == 0 && durable_flush_around(path))
        return true;
    log_errno("cannot make the directory %s", path);
    return false;
}

/* No default: a home that was made before there was such a setting goes on as it was. */
static const char of_new_homes[] = "\n# What this home began with.\n"
                                   "[retention]\n"
                                   "payload_days = 30\n"
                                   "log_days = 30\n"
                                   "row_days = 400\n";

static enum err write_config(const char *dir)
{
    char path[PATH_MAX];
    if (!format_path(path, dir, "/fx.conf"))
        return ERR_INVALID;
    if (access(path, F_OK) == 0)
        return ERR_OK;
    struct buf text = BUF_INIT;
    config_write_defaults(&text);
    buf_add_str(&text, of_new_homes);
    bool written = durable_write(path, 0640, buf_span(&text));
    buf_done(&text);
    if (!written)
        log_errno("cannot write %s", path);
    return written ? ERR_OK : ERR_IO;
}

enum err home_create(const char *dir)
{
    mode_t old = umask(007);
    enum err err = ERR_OK;
    for (size_t i = 0; i < layout_count && !err; i++)
        if (layout_parts[i].is_directory && layout_parts[i].is_made &&
            !make_dir(dir, &layout_parts[i]))
            err = ERR_IO;
    if (!err)
        err = write_config(dir);
    umask(old);
    return err;
}

int home_hold(const struct home *home)
{
    int fd = open(home->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)flock(fd, LOCK_EX); /* some file systems have no locks, and then it is not held */
    return fd;
}

void home_path(const struct home *home, const char *name, char ret_path[PATH_MAX])
{
    int n = snprintf(ret_path, PATH_MAX, "%s/%s", home->dir, name);
    if (n < 0 || n >= PATH_MAX)
        log_die(EXIT_FIX, "the path of the home is too long; choose a shorter one");
}
