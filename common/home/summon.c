/* summon - see summon.h. */
#include "home/summon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "home/alive.h"

#define AGAIN_MS 1000 /* between two tries of a process */
#define FIRST_CLOSED_FD 3

extern char **environ;

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
static int start(const char *program, const struct home *home)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid;
    char log[PATH_MAX], dir[PATH_MAX];
    home_path(home, "log/dispatcher.log", log);
    snprintf(dir, sizeof dir, "%s", home->dir);
    char path[PATH_MAX], option[] = "--home", mode[] = "--on-demand";
    snprintf(path, sizeof path, "%s", program);
    char *argv[] = {path, option, dir, mode, NULL};
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, 0, 1);
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0640);
    posix_spawn_file_actions_addclosefrom_np(&actions, FIRST_CLOSED_FD);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    int rc = posix_spawn(&pid, path, &actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    if (!rc)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
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
