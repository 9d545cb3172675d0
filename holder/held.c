/* held - see held.h. */
#include "holder/held.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define BACKLOG 4096 /* connections; the kernel may allow fewer (net.core.somaxconn) */
#define STEADY_MS 5000
#define FIRST_PAUSE_MS 50
#define LONGEST_PAUSE_MS 5000
#define ENDING ".fcgi"

/* Opening. */

static void bind_socket(const struct held *held)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(held->address) >= sizeof address.sun_path)
        log_die(EXIT_FIX,
            "%s is too long for a socket, which may have %zu bytes; move the home to a place "
            "with a shorter name",
            held->address, sizeof address.sun_path - 1);
    memcpy(address.sun_path, held->address, strlen(held->address));
    unlink(held->address); /* of a holder that was killed */
    mode_t before = umask(0117);
    int rc = bind(held->socket, (struct sockaddr *)&address, sizeof address);
    umask(before);
    if (rc < 0 || listen(held->socket, BACKLOG) < 0)
        log_die(EXIT_FIX, "cannot listen on %s: %s", held->address, strerror(errno));
}

static char *printed(struct buf *buf)
{
    char *text = mem_strdup(buf_text(buf));
    buf_done(buf);
    return text;
}

void held_open(struct held *held, const struct home *home, const char *directory, const char *file)
{
    struct buf name = BUF_INIT, program = BUF_INIT, address = BUF_INIT;
    buf_add(&name, file, strlen(file) - strlen(ENDING));
    buf_printf(&program, "%s/%s", directory, file);
    buf_printf(&address, "%s/run/%s.sock", home->dir, buf_text(&name));
    *held = (struct held){printed(&name), printed(&program), printed(&address), .socket = -1};
    held->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (held->socket < 0)
        log_die(EXIT_RETRY, "cannot make a socket: %s", strerror(errno));
    bind_socket(held);
}

void held_close(struct held *held)
{
    unlink(held->address);
    close(held->socket);
}

/* A process. */

/* A program without its holder would serve a socket that nobody finds, so it ends with it. */
static _Noreturn void become(const struct held *held, pid_t holder, char **environment)
{
    char *argv[] = {held->program, NULL};
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP); /* until the program heeds it (base/fresh.h) */
    setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != holder)
        _exit(EXIT_RETRY);
    if (dup2(held->socket, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        log_die(EXIT_RETRY, "cannot give %s its socket", held->name);
    (void)syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
    sigprocmask(SIG_SETMASK, &hangup, NULL);
    execve(held->program, argv, environment);
    log_die(EXIT_FIX, "cannot start %s: %s", held->program, strerror(errno));
}

static void pause_longer(struct held *held)
{
    int64_t longer = held->pause_ms ? 2 * held->pause_ms : FIRST_PAUSE_MS;
    held->pause_ms = longer < LONGEST_PAUSE_MS ? longer : LONGEST_PAUSE_MS;
}

void held_start(struct held *held, char **environment)
{
    pid_t holder = getpid(), pid = fork();
    if (pid == 0)
        become(held, holder, environment);
    held->started_ms = held->due_ms = clock_mono_ms();
    held->pid = pid > 0 ? pid : 0;
    if (pid > 0)
        return;
    log_errno("cannot start %s", held->name);
    pause_longer(held);
    held->due_ms += held->pause_ms;
}

void held_ended(struct held *held, int status)
{
    int64_t now = clock_mono_ms();
    if (now - held->started_ms >= STEADY_MS)
        held->pause_ms = 0;
    else
        pause_longer(held);
    held->pid = 0;
    held->due_ms = now + held->pause_ms;
    if (WIFSIGNALED(status))
        log_warn("%s was ended by signal %d and is started again", held->name, WTERMSIG(status));
    else
        log_warn("%s has ended with status %d and is started again in %d ms", held->name,
            WEXITSTATUS(status), (int)held->pause_ms);
}
