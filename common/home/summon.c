/* summon - see summon.h. */
#include "home/summon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fresh.h"
#include "base/log.h"
#include "home/alive.h"

#define AGAIN_MS 1000 /* between two tries of a process */

static bool find_program(char ret_path[PATH_MAX])
{
    static const char *const places[] = {
        "fx-dispatcher", "../bin/fx-dispatcher", "../../bin/fx-dispatcher"};
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return false;
    exe[n] = 0;
    *(strrchr(exe, '/') + 1) = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (snprintf(ret_path, PATH_MAX, "%s%s", exe, places[i]) < PATH_MAX &&
            access(ret_path, X_OK) == 0)
            return true;
    return false;
}

/*
 * Starts the program and returns an errno. The process that is waited for ends at once:
 * by then it has left the dispatcher behind, in a session of its own.
 */
static int start(char *program, const struct home *home)
{
    char log[PATH_MAX], dir[PATH_MAX], option[] = "--home", mode[] = "--on-demand";
    char *argv[] = {program, option, dir, mode, NULL};
    pid_t pid = 0;
    snprintf(dir, sizeof dir, "%s", home->dir);
    home_path(home, "log/dispatcher.log", log);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    int rc = errno;
    if (null_fd >= 0 && log_fd >= 0) {
        char **environment = fresh_environment(NULL);
        struct fresh_program dispatcher = {program, argv, environment, {null_fd, null_fd, log_fd}};
        rc = fresh_start(&dispatcher, &pid);
        free(environment);
    }
    if (null_fd >= 0)
        close(null_fd);
    if (log_fd >= 0)
        close(log_fd);
    while (!rc && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return rc;
}

enum err summon_dispatcher(const struct home *home)
{
    static _Atomic int64_t tried_ms = -AGAIN_MS;
    char program[PATH_MAX];
    int64_t now = clock_mono_ms(), before = tried_ms;
    if (now - before < AGAIN_MS || !atomic_compare_exchange_strong(&tried_ms, &before, now))
        return ERR_OK;
    if (!find_program(program)) {
        log_error("cannot find fx-dispatcher to start it on demand; install it beside the web "
                  "programs or in a bin directory next to theirs");
        return ERR_NOTFOUND;
    }
    errno = start(program, home);
    if (!errno)
        return ERR_OK;
    log_errno("cannot start %s", program);
    return ERR_IO;
}
