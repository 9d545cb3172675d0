/* child - see child.h. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "orphans.h"

#define READ_STEP 65536
#define FIRST_FREE_FD 5 /* in the child: everything from here on is closed */

void child_prepare(void)
{
    /* Keeps the numbers that a step's descriptors get free of anything else, so that none is in the
     * way. */
    while (open("/dev/null", O_RDWR | O_CLOEXEC) < FIRST_FREE_FD - 1)
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

static void limit_all(const struct config *config)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    limit(RLIMIT_CPU, config->step_cpu_seconds);
    limit(RLIMIT_DATA, config->step_memory_bytes);
    limit(RLIMIT_FSIZE, config->step_file_bytes);
    limit(RLIMIT_NOFILE, config->step_files);
    limit(RLIMIT_NPROC, config->step_processes);
}

/*
 * What the new process does before it becomes the script. It shares the memory
 * of the runner until then (vfork), so it only makes system calls; the runner
 * waits meanwhile. The sources of the descriptors lie above the targets (child_prepare).
 */
static int become(const struct child_spec *spec, int log_fd, int line_fd)
{
    sigset_t none;
    sigemptyset(&none);
    setsid();
    if (dup2(spec->event_fd, 0) < 0 || dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0 ||
        dup2(line_fd, 3) < 0 || dup2(spec->context_fd, 4) < 0)
        return errno;
    (void)syscall(SYS_close_range, FIRST_FREE_FD, ~0u, 0);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    umask(027);
    if (chdir(spec->directory) < 0)
        return errno;
    limit_all(spec->config);
    char *argv[] = {(char *)(uintptr_t)spec->path, NULL};
    execve(spec->path, argv, spec->environment);
    return errno;
}

static pid_t start(const struct child_spec *spec, int log_fd, int line_fd, int *ret_error)
{
    volatile int error = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        error = become(spec, log_fd, line_fd);
        _exit(127);
    }
    *ret_error = pid < 0 ? errno : error;
    if (pid > 0 && error) {
        (void)waitpid(pid, NULL, 0);
        pid = -1;
    }
    return pid;
}

/* Running. */

struct run {
    const struct child_spec *spec;
    child_line *line;
    void *context;
    struct child_result *result;
    pid_t pid;
    int log_fd, line_fd; /* our ends; -1 once they are at their end */
    struct buf partial;  /* the beginning of a line */
    bool stopping;       /* TERM was sent, KILL comes next */
    int64_t deadline_ms; /* of the next signal */
};

/* The last step.log_bytes of the output; cut only when twice that has come, so each byte moves
 * once. */
static void keep_log(struct run *run, const char *bytes, size_t len)
{
    struct buf *log = &run->result->log;
    size_t max = (size_t)run->spec->config->step_log_bytes;
    buf_add(log, bytes, len);
    if (log->len > 2 * max)
        buf_drop(log, log->len - max);
}

static void refuse(struct run *run, bool too_long)
{
    if (run->result->end == CHILD_EXITED) {
        run->result->end = CHILD_REFUSED;
        run->result->line_too_long = too_long;
        run->deadline_ms = clock_mono_ms();
    }
}

static void take_line(struct run *run, struct span line)
{
    if (run->result->end == CHILD_EXITED && line.len && !run->line(line, run->context))
        refuse(run, false);
}

static void take_lines(struct run *run, const char *bytes, size_t len)
{
    size_t max = (size_t)run->spec->config->step_line_bytes;
    while (len) {
        const char *newline = memchr(bytes, '\n', len);
        size_t part = newline ? (size_t)(newline - bytes) : len;
        if (run->partial.len + part > max) {
            refuse(run, true);
            return;
        }
        buf_add(&run->partial, bytes, part);
        if (newline) {
            take_line(run, buf_span(&run->partial));
            buf_clear(&run->partial);
        }
        size_t taken = part + (newline ? 1 : 0);
        bytes += taken;
        len -= taken;
    }
}

/* Reads what is there. False at the end of the pipe. */
static bool drain(struct run *run, int fd)
{
    char bytes[READ_STEP];
    for (;;) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        if (fd == run->log_fd)
            keep_log(run, bytes, (size_t)n);
        else
            take_lines(run, bytes, (size_t)n);
        if ((size_t)n < sizeof bytes)
            return true;
    }
}

static void drain_or_close(struct run *run, int *fd)
{
    if (*fd >= 0 && !drain(run, *fd)) {
        close(*fd);
        *fd = -1;
    }
}

/* TERM first; KILL when the grace is over. */
static void signal_group(struct run *run)
{
    kill(-run->pid, run->stopping ? SIGKILL : SIGTERM);
    run->deadline_ms =
        run->stopping ? INT64_MAX : clock_mono_ms() + run->spec->config->step_grace_seconds * 1000;
    run->stopping = true;
}

/* Until the process has ended. */
static void watch(struct run *run)
{
    int pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
    for (;;) {
        struct pollfd fds[] = {
            {.fd = pidfd, .events = POLLIN},
            {.fd = run->log_fd, .events = POLLIN},
            {.fd = run->line_fd, .events = POLLIN},
            {.fd = run->spec->hangup_fd, .events = 0},
        };
        int64_t left = run->deadline_ms - clock_mono_ms();
        if (left <= 0) {
            if (run->result->end == CHILD_EXITED)
                run->result->end = CHILD_TIMED_OUT;
            signal_group(run);
            continue;
        }
        if (poll(fds, 4, left > INT32_MAX ? -1 : (int)left) < 0)
            continue;
        if (fds[3].revents && run->result->end != CHILD_ABANDONED) {
            /* Nobody is left to tell, and somebody else may run the step again: at once. */
            run->result->end = CHILD_ABANDONED;
            run->stopping = true;
            signal_group(run);
            fds[3].fd = -1;
        }
        if (fds[1].revents)
            drain_or_close(run, &run->log_fd);
        if (fds[2].revents)
            drain_or_close(run, &run->line_fd);
        if (fds[0].revents)
            break;
    }
    close(pidfd);
}

static void reap(struct run *run)
{
    int status;
    struct child_result *result = run->result;
    while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
        ;
    orphans_end(run->pid);
    drain_or_close(run, &run->log_fd);
    drain_or_close(run, &run->line_fd);
    take_line(run, buf_span(&run->partial));
    if (result->end == CHILD_EXITED && WIFSIGNALED(status))
        result->end = CHILD_SIGNALED;
    result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    size_t max = (size_t)run->spec->config->step_log_bytes;
    if (result->log.len > max)
        buf_drop(&result->log, result->log.len - max);
}

/* A pipe whose reading end, ours, does not block. */
static bool make_pipe(int ret_fds[2])
{
    return pipe2(ret_fds, O_CLOEXEC) == 0 && fcntl(ret_fds[0], F_SETFL, O_NONBLOCK) == 0;
}

void child_run(
    const struct child_spec *spec, child_line *line, void *context, struct child_result *ret_result)
{
    int log_pipe[2] = {-1, -1}, line_pipe[2] = {-1, -1};
    *ret_result = (struct child_result){.end = CHILD_EXITED, .exit_code = -1};
    struct run run = {.spec = spec, .line = line, .context = context, .result = ret_result};
    run.pid = -1;
    if (make_pipe(log_pipe) && make_pipe(line_pipe))
        run.pid = start(spec, log_pipe[1], line_pipe[1], &ret_result->error);
    else
        ret_result->error = errno;
    if (log_pipe[1] >= 0)
        close(log_pipe[1]);
    if (line_pipe[1] >= 0)
        close(line_pipe[1]);
    run.log_fd = log_pipe[0];
    run.line_fd = line_pipe[0];
    if (run.pid > 0) {
        run.deadline_ms = clock_mono_ms() + spec->timeout_ms;
        watch(&run);
        reap(&run);
    } else {
        ret_result->end = CHILD_NOT_STARTED;
    }
    if (run.log_fd >= 0)
        close(run.log_fd);
    if (run.line_fd >= 0)
        close(run.line_fd);
    buf_done(&run.partial);
}
