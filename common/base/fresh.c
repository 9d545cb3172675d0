/* fresh - see fresh.h. */
#include "base/fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define OWN_FDS 3
#define STACK_BYTES (8 << 20) /* a new process has it unless somebody says otherwise */
#define FILES 65536

extern char **environ;

/* Whatever else is set, a request may have set. Sanitizers are told by these where to report. */
static const char *const kept[] = {"PATH=", "LANG=", "TZ=", "FX_HOME=", "LD_LIBRARY_PATH=",
    "LD_PRELOAD=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS="};

#define KEPT (sizeof kept / sizeof kept[0])

static void open_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd < OWN_FDS);
    if (fd < 0)
        log_die(EXIT_RETRY, "cannot open /dev/null");
    close(fd);
}

/* A handler that is there already is this process's own, such as a sanitizer's. */
static void heed(int number)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
        (void)signal(number, SIG_DFL);
}

static void reset_signals(void)
{
    sigset_t others;
    sigfillset(&others);
    sigdelset(&others, SIGHUP);
    for (int i = 1; i <= SIGRTMAX; i++)
        if (i != SIGHUP)
            heed(i);
    sigprocmask(SIG_UNBLOCK, &others, NULL);
}

void fresh_begin(void)
{
    open_descriptors();
    reset_signals();
    umask(027);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

void fresh_alone(void)
{
    (void)syscall(SYS_close_range, OWN_FDS, ~0u, 0);
    if (chdir("/") < 0)
        log_die(EXIT_RETRY, "cannot change to the directory /");
}

/* Up to `most`, as far as the hard limit goes. */
static void raise_limit(int resource, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) < 0)
        return;
    rlim_t to = most < limit.rlim_max ? most : limit.rlim_max;
    if (limit.rlim_cur >= to)
        return;
    limit.rlim_cur = to;
    (void)setrlimit(resource, &limit);
}

/* RLIM_INFINITY is the largest of all numbers. */
void fresh_limits(void)
{
    static const int unlimited[] = {
        RLIMIT_AS, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NPROC, RLIMIT_RSS};
    for (size_t i = 0; i < sizeof unlimited / sizeof unlimited[0]; i++)
        raise_limit(unlimited[i], RLIM_INFINITY);
    raise_limit(RLIMIT_STACK, STACK_BYTES);
    raise_limit(RLIMIT_NOFILE, FILES);
}

char **fresh_environment(char *more)
{
    char **list = mem_alloc((KEPT + 2) * sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < KEPT; i++)
        for (char **at = environ; *at && count < KEPT; at++)
            if (strncmp(*at, kept[i], strlen(kept[i])) == 0) {
                list[count++] = *at;
                break;
            }
    list[count] = more;
    return list;
}

int fresh_start(const struct fresh_program *program, int *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t hangup, all;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP); /* until it is heeded, it would end the program */
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < OWN_FDS; i++)
        posix_spawn_file_actions_adddup2(&actions, program->fds[i], i);
    posix_spawn_file_actions_addclosefrom_np(&actions, OWN_FDS);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &hangup);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(
        &attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int rc =
        posix_spawn(ret_pid, program->path, &actions, &attr, program->argv, program->environment);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}
