/*
 * inside - is loaded into a program of ours (LD_PRELOAD), tries when the program ends what a
 * stranger would try who has taken it over, and says on standard error how that went:
 *
 *   inside PROGRAM: WHAT: done, or the text of an errno
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *home;
static int told; /* standard error, as it was: whoever measures coverage silences it before */

static int open_home(const char *name, int flags)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", home, name);
    int fd = open(path, flags, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -1 : 0;
}

static int write_data(void)
{
    return open_home("db/data.mdb", O_RDWR);
}

static int append_data(void)
{
    return open_home("db/data.mdb", O_WRONLY | O_APPEND);
}

static int truncate_settings(void)
{
    return open_home("fx.conf", O_WRONLY | O_APPEND);
}

static int read_settings(void)
{
    return open_home("fx.conf", O_RDONLY);
}

static int read_key(void)
{
    return open_home("secret.key", O_RDONLY);
}

static int write_key(void)
{
    return open_home("secret.key", O_WRONLY);
}

static int read_scripts(void)
{
    return open_home("scripts", O_RDONLY | O_DIRECTORY);
}

static int write_scripts(void)
{
    return open_home("scripts/planted", O_WRONLY | O_CREAT);
}

static int wake(void)
{
    return open_home("run/wake", O_WRONLY | O_NONBLOCK);
}

static int read_outside(void)
{
    int fd = open("/etc/passwd", O_RDONLY);
    return fd < 0 ? -1 : close(fd);
}

static int write_outside(void)
{
    char path[] = "/tmp/fx-inside-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    unlink(path);
    return close(fd);
}

static int make_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 ? -1 : (waitpid(pid, NULL, 0), 0);
}

static int start_program(void)
{
    char path[] = "/bin/true", *argv[] = {path, NULL};
    pid_t pid;
    errno = posix_spawn(&pid, path, NULL, NULL, argv, environ);
    return errno ? -1 : (waitpid(pid, NULL, 0), 0);
}

static int signal_parent(void)
{
    return kill(getppid(), 0);
}

/* Whoever may look finds nothing at that address. */
static int look_into_parent(void)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)8, 1};
    (void)process_vm_readv(getppid(), &here, 1, &there, 1, 0);
    return errno == EFAULT ? 0 : -1;
}

static const struct {
    const char *name;
    int (*attempt)(void);
} attempts[] = {
    {"write data.mdb", write_data},
    {"append to data.mdb", append_data},
    {"read fx.conf", read_settings},
    {"write fx.conf", truncate_settings},
    {"read secret.key", read_key},
    {"write secret.key", write_key},
    {"list scripts", read_scripts},
    {"make a script", write_scripts},
    {"wake the dispatcher", wake},
    {"read a file outside", read_outside},
    {"write a file outside", write_outside},
    {"make a process", make_process},
    {"start a program", start_program},
    {"signal its parent", signal_parent},
    {"look into its parent", look_into_parent},
};

static void try_all(void)
{
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        errno = 0;
        int rc = attempts[i].attempt();
        dprintf(told, "inside %s: %s: %s\n", program_invocation_short_name, attempts[i].name,
            rc ? strerror(errno) : "done");
    }
}

__attribute__((constructor)) static void begin(void)
{
    home = getenv("INSIDE_HOME");
    unsetenv("LD_PRELOAD"); /* for this program alone, not for what it starts */
    told = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (home)
        (void)atexit(try_all);
}
