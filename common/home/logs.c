/* logs - see logs.h. */
#include "home/logs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log.h"

#define NAME_BYTES 64

struct rotate logs_file(const struct home *home, const char *name, char ret_path[PATH_MAX])
{
    char file[NAME_BYTES + 16];
    snprintf(file, sizeof file, "log/%s.log", name);
    home_path(home, file, ret_path);
    return (struct rotate){
        .path = ret_path,
        .bytes = home->config.log_file_bytes,
        .files = (int)home->config.log_files,
    };
}

/*
 * The NAME of log/NAME.log where standard error is that file, or what that file has become since
 * somebody opened it: log/NAME.log.1, or a file that is gone.
 */
static bool standard_error_name(const struct home *home, char ret_name[NAME_BYTES])
{
    char dir[PATH_MAX], link[PATH_MAX];
    ssize_t n = readlink("/proc/self/fd/2", link, sizeof link - 1);
    home_path(home, "log/", dir);
    size_t len = strlen(dir);
    link[n > 0 ? n : 0] = 0;
    if (strncmp(link, dir, len) != 0)
        return false;
    const char *end = strstr(link + len, ".log");
    if (!end || strchr(link + len, '/') || end - link - len >= NAME_BYTES)
        return false;
    memcpy(ret_name, link + len, (size_t)(end - link) - len);
    ret_name[end - link - len] = 0;
    return true;
}

static enum log_level level_of(const char *word)
{
    return strcmp(word, "error") == 0     ? LOG_LEVEL_ERROR
           : strcmp(word, "warning") == 0 ? LOG_LEVEL_WARNING
                                          : LOG_LEVEL_INFO;
}

/* Is standard error the null device, so that a line there reaches nobody? */
static bool leads_nowhere(void)
{
    struct stat st;
    return fstat(STDERR_FILENO, &st) < 0 || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
}

void logs_early(const char *given, const char *name)
{
    static char path[PATH_MAX];
    struct log_place early = {.to = LOG_TO_SYSLOG, .level = LOG_LEVEL_INFO};
    struct home home;
    if (!leads_nowhere())
        return;
    config_defaults(&home.config);
    if (home_locate(given, home.dir) == ERR_OK) {
        home_path(&home, "log", path);
        if (access(path, W_OK) == 0)
            early.to = LOG_TO_FILE;
        early.file = logs_file(&home, name, path);
    }
    log_to(&early);
}

void logs_begin(const struct home *home, const char *name)
{
    static char path[PATH_MAX], found[NAME_BYTES];
    const char *to = home->config.log_to;
    bool is_file = strcmp(to, "file") == 0 || (strcmp(to, "stderr") == 0 && leads_nowhere());
    /* Whoever renames the file and hangs up afterwards wants another of the old name. */
    if (!is_file && (*found || standard_error_name(home, found))) {
        is_file = true;
        name = found;
    }
    struct log_place place = {
        .file = logs_file(home, name, path),
        .level = level_of(home->config.log_level),
        .json = strcmp(home->config.log_format, "json") == 0,
    };
    if (strcmp(to, "syslog") == 0)
        place.to = LOG_TO_SYSLOG;
    else if (is_file)
        place.to = LOG_TO_FILE;
    log_to(&place);
}

static void on_hangup(int number)
{
    (void)number;
    log_reopen();
}

void logs_heed_hangup(void)
{
    struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    (void)sigaction(SIGHUP, &action, NULL);
    sigprocmask(SIG_UNBLOCK, &hangup, NULL);
}
