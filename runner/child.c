/* child - see child.h. */
#include "runner/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "home/confine.h"
#include "proc/orphans.h"
#include "runner/remains.h"

/* Processes that were started and have not been reaped. */
static struct child *children;

void child_prepare(void)
{
    /* Fills the numbers that a child's descriptors will get, so that dup2 overwrites nothing. */
    while (open("/dev/null", O_RDWR | O_CLOEXEC) < CHILD_FDS - 1)
        ;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        log_errno("cannot become the reaper of what steps leave behind");
}

/* Starting. */

static void limit(int resource, int64_t value)
{
    if (!value)
        return;
    struct rlimit r = {(rlim_t)value, (rlim_t)value};
    (void)setrlimit(resource, &r);
}

static void limit_all(const struct child_spec *spec)
{
    const struct config *config = spec->limits;
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    if (!config)
        return;
    if (!spec->lasting)
        limit(RLIMIT_CPU, config->step_cpu_seconds);
    limit(RLIMIT_DATA, config->step_memory_bytes);
    limit(RLIMIT_FSIZE, config->step_file_bytes);
    limit(RLIMIT_NOFILE, config->step_files);
    limit(RLIMIT_NPROC, config->step_processes);
}

/*
 * What the new process does before it becomes the program. Until then it shares the memory
 * of the runner, which waits (vfork), so it only makes system calls, and tells its number. The
 * descriptors that are copied lie above the numbers that they are copied to (child_prepare).
 */
static int become(const struct child_spec *spec)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    if (spec->heeds_hangup)
        sigaddset(&blocked, SIGHUP);
    setsid();
    if (spec->name_process)
        spec->name_process(getpid(), spec->context);
    for (int i = 0; i < spec->fd_count; i++)
        if (dup2(spec->fds[i], i) < 0)
            return errno;
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    umask(027);
    if (chdir(spec->directory) < 0)
        return errno;
    limit_all(spec);
    if (spec->account && !account_enter(spec->account))
        return errno;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of the account would undo that */
    if (spec->forbids && !confine_forbid())
        return errno;
    if (spec->confined && !confine_enter(spec->rules))
        return errno;
    (void)syscall(SYS_close_range, spec->fd_count, ~0u, 0);
    char *argv[] = {(char *)(uintptr_t)spec->path, (char *)(uintptr_t)spec->arguments[0],
        (char *)(uintptr_t)spec->arguments[1], NULL};
    execve(spec->path, argv, spec->environment);
    return errno;
}

/* So that the process can open them anew, as /dev/stderr. What is its account's stays as it is. */
static void give_descriptors(const struct child_spec *spec)
{
    struct stat st;
    for (int i = 0; spec->account && i < spec->fd_count; i++)
        if (fstat(spec->fds[i], &st) == 0 && st.st_uid != spec->account->uid)
            (void)!fchown(spec->fds[i], spec->account->uid, spec->account->gid);
}

bool child_start(const struct child_spec *spec, struct child *ret_child, int *ret_error)
{
    volatile int error = 0;
    give_descriptors(spec);
    pid_t pid = vfork();
    if (pid == 0) {
        error = become(spec);
        _exit(127);
    }
    *ret_error = pid < 0 ? errno : error;
    if (pid > 0 && error)
        (void)waitpid(pid, NULL, 0);
    if (pid < 0 || error)
        return false;
    *ret_child =
        (struct child){.pid = pid, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0), .next = children};
    children = ret_child;
    return true;
}

/* Ending. */

/* Once a process is reaped, its number may belong to another process. */
static void signal_group(const struct child *child, int signal)
{
    if (!child->ended)
        kill(-child->pid, signal);
}

int64_t child_stop(struct child *child, int64_t grace_ms)
{
    signal_group(child, child->stopping ? SIGKILL : SIGTERM);
    int64_t next_ms = child->stopping ? INT64_MAX : clock_mono_ms() + grace_ms;
    child->stopping = true;
    return next_ms;
}

void child_kill(struct child *child)
{
    child->stopping = true;
    signal_group(child, SIGKILL);
}

/* A process that was started here is no orphan while it runs. */

static bool is_started(pid_t pid, void *context)
{
    (void)context;
    const struct child *child = children;
    while (child && child->pid != pid)
        child = child->next;
    return child != NULL;
}

static void note_end(pid_t pid, int status, void *context)
{
    (void)context;
    for (struct child **at = &children; *at; at = &(*at)->next) {
        struct child *child = *at;
        if (child->pid != pid)
            continue;
        child->ended = true;
        child->status = status;
        *at = child->next;
        return;
    }
}

static const struct spared started = {is_started, note_end, NULL};

void child_reap(void)
{
    size_t count;
    (void)orphans_reap(&started, &count);
}

void child_finish(struct child *child, struct buf *names)
{
    int status;
    size_t reaped;
    pid_t group = child->ended ? 0 : child->pid;
    while (!child->ended && (waitpid(child->pid, &status, 0) > 0 || errno != EINTR))
        note_end(child->pid, status, NULL);
    if (orphans_reap(&started, &reaped)) {
        if (names)
            remains_give_notice(&started, names);
        orphans_end(group, &started);
    }
    close(child->pidfd);
    child->pidfd = -1;
}
