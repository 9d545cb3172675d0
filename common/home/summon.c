/* summon - see summon.h. */
#include "home/summon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fresh.h"
#include "base/log.h"
#include "home/alive.h"
#include "home/installed.h"

#define HERALD_FD 3
#define AGAIN_MS 1000 /* between two tries of a process */

/*
 * Starts the program and returns an errno. The process that is waited for ends at once:
 * by then it has left the dispatcher behind, in a session of its own.
 */
static int start(struct installed *program, const struct home *home)
{
    char log[PATH_MAX], dir[PATH_MAX], option[] = "--home", mode[] = "--on-demand";
    char *argv[] = {program->called, option, dir, mode, NULL};
    pid_t pid = 0;
    snprintf(dir, sizeof dir, "%s", home->dir);
    home_path(home, "log/dispatcher.log", log);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    int rc = errno;
    if (null_fd >= 0 && log_fd >= 0) {
        char **environment = fresh_environment(NULL);
        struct fresh_program dispatcher = {
            program->path, argv, environment, {null_fd, null_fd, log_fd}};
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

static enum err find_and_start(const struct home *home)
{
    struct installed program;
    struct buf why = BUF_INIT;
    bool found = installed_find(home, "fx-dispatcher", &program, &why);
    if (!found)
        log_error("cannot find fx-dispatcher to start it on demand: %s", buf_text(&why));
    buf_done(&why);
    if (!found)
        return ERR_NOTFOUND;
    errno = start(&program, home);
    if (!errno)
        return ERR_OK;
    log_errno("cannot start %s", program.called);
    return ERR_IO;
}

/* The herald: asked by a byte, it answers with one. It ends when nobody can ask any more. */

static int herald_fd = -1; /* the asker's end */

static _Noreturn void serve_as_herald(const struct home *home, int fd)
{
    char byte;
    (void)prctl(PR_SET_NAME, "fx-herald");
    setsid(); /* signals to the group of the program are not for it */
    if (dup2(fd, HERALD_FD) < 0)
        _exit(EXIT_RETRY);
    (void)syscall(SYS_close_range, HERALD_FD + 1, ~0u, 0);
    close(STDIN_FILENO); /* the web server's listening socket, or a request */
    close(STDOUT_FILENO);
    while (open("/dev/null", O_RDWR) < STDOUT_FILENO)
        ;
    while (read(HERALD_FD, &byte, 1) == 1) {
        byte = (char)find_and_start(home);
        if (write(HERALD_FD, &byte, 1) != 1)
            break;
    }
    _exit(0);
}

void summon_split(const struct home *home)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        log_die(EXIT_RETRY, "cannot make a socket for who starts the dispatcher");
    pid_t pid = fork();
    if (pid == 0)
        serve_as_herald(home, pair[1]);
    if (pid < 0)
        log_die(EXIT_RETRY, "cannot fork");
    close(pair[1]);
    herald_fd = pair[0];
}

static enum err ask_herald(void)
{
    char byte = 0;
    if (send(herald_fd, &byte, 1, MSG_NOSIGNAL) == 1 && recv(herald_fd, &byte, 1, 0) == 1)
        return (enum err)byte;
    log_error("the process that starts the dispatcher on demand has gone");
    return ERR_IO;
}

enum err summon_dispatcher(const struct home *home)
{
    static _Atomic int64_t tried_ms = -AGAIN_MS;
    int64_t now = clock_mono_ms(), before = tried_ms;
    if (now - before < AGAIN_MS || !atomic_compare_exchange_strong(&tried_ms, &before, now))
        return ERR_OK;
    return herald_fd >= 0 ? ask_herald() : find_and_start(home);
}
