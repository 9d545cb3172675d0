/* forbid_test - what a process has given up fails for it, and all else goes on. */
#include "temp.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/forbid.h"

extern char **environ;

static void *nothing(void *context)
{
    return context;
}

/* Each returns 0 when it went well, else an errno. */

static int make_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, nothing, NULL);
    return error ? error : pthread_join(thread, NULL);
}

static int make_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : (waitpid(pid, NULL, 0), 0);
}

static int make_process_by_call(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : (waitpid(pid, NULL, 0), 0);
}

static int start_program(void)
{
    char path[] = "/bin/true", *argv[] = {path, NULL};
    int status;
    pid_t pid;
    int error = posix_spawn(&pid, path, NULL, NULL, argv, environ);
    if (!error)
        waitpid(pid, &status, 0);
    return error ? error : WEXITSTATUS(status);
}

/* Only comes back when it fails. */
static int become_program(void)
{
    char path[] = "/bin/true", *argv[] = {path, NULL};
    execve(path, argv, environ);
    return errno;
}

static int make_namespace(void)
{
    return unshare(CLONE_NEWUSER) < 0 ? errno : 0;
}

static int make_other_namespace(void)
{
    return unshare(CLONE_FILES) < 0 ? errno : 0;
}

static int make_namespace_by_clone(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : (waitpid(pid, NULL, 0), 0);
}

static int make_namespace_by_clone3(void)
{
    uint64_t arguments[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    pid_t pid = (pid_t)syscall(SYS_clone3, arguments, (size_t)64);
    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : (waitpid(pid, NULL, 0), 0);
}

static int limit(pid_t pid)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return errno;
    return prlimit(pid, RLIMIT_NOFILE, &files, NULL) < 0 ? errno : 0;
}

static int limit_itself(void)
{
    return limit(0);
}

static int limit_another(void)
{
    return limit(getppid());
}

static int open_file(void)
{
    int fd = open("/dev/null", O_RDONLY);
    return fd < 0 ? errno : close(fd);
}

static const struct {
    unsigned forbidden;
    int (*call)(void);
    int error;
} cases[] = {
    {FORBID_USER_NAMESPACES, make_namespace, EPERM},
    {FORBID_USER_NAMESPACES, make_namespace_by_clone, EPERM},
    {FORBID_USER_NAMESPACES, make_namespace_by_clone3, ENOSYS},
    {FORBID_USER_NAMESPACES, make_other_namespace, 0},
    {FORBID_USER_NAMESPACES, make_thread, 0},
    {FORBID_USER_NAMESPACES, make_process, 0},
    {FORBID_USER_NAMESPACES, make_process_by_call, 0},
    {FORBID_USER_NAMESPACES, start_program, 0},
    {FORBID_USER_NAMESPACES, become_program, 0},
    {FORBID_USER_NAMESPACES, open_file, 0},
    {FORBID_USER_NAMESPACES, limit_another, 0},
    {FORBID_LIMITS_OF_OTHERS, limit_another, EPERM},
    {FORBID_LIMITS_OF_OTHERS, limit_itself, 0},
    {FORBID_LIMITS_OF_OTHERS, start_program, 0},
    {FORBID_LIMITS_OF_OTHERS, make_namespace_by_clone3, ENOSYS},
    {FORBID_PROGRAMS, make_thread, 0},
    {FORBID_PROGRAMS, open_file, 0},
    {FORBID_PROGRAMS, make_process, EPERM},
    {FORBID_PROGRAMS, make_process_by_call, EPERM},
    {FORBID_PROGRAMS, start_program, EPERM},
    {FORBID_PROGRAMS, become_program, EPERM},
    {FORBID_PROGRAMS | FORBID_USER_NAMESPACES, make_namespace, EPERM},
    {FORBID_PROGRAMS | FORBID_USER_NAMESPACES, make_process, EPERM},
    {FORBID_PROGRAMS | FORBID_USER_NAMESPACES, make_thread, 0},
};

/* In a process of its own, which has given it up. */
static void forbid_refuses_what_it_says_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            if (!forbid(cases[i].forbidden))
                _exit(255);
            _exit(cases[i].call());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != cases[i].error)
            fail_msg("case %zu: status %d instead of %d", i, status, cases[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forbid_refuses_what_it_says_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
