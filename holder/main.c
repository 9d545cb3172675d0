/*
 * fx-holder - for web servers that start no FastCGI programs, such as Apache with
 * mod_proxy_fcgi, and nginx: starts the web programs that lie beside it, keeps them, and
 * holds their sockets, run/NAME.sock in the home, while they are replaced.
 *
 * Exit status: 0 stopped in order; 2 usage; 100 something must be mended; 111 try again
 * (another holder is running).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fresh.h"
#include "base/log.h"
#include "base/version.h"
#include "holder/held.h"
#include "home/logs.h"

#define PROGRAMS_MAX 32

static const char usage[] =
    "usage: fx-holder [--home DIR]\n"
    "\n"
    "Runs the FastCGI programs of an FX Bridge home, in the foreground, until SIGTERM:\n"
    "each on the socket run/NAME.sock of the home, for a web server that starts none.\n"
    "\n"
    "  --home DIR  the home; else it is found as fx-dispatcher finds it\n"
    "  --help      this text\n"
    "  --version   the version\n"
    "\n"
    "SIGHUP replaces each program by a new process, which reads fx.conf and is what is\n"
    "installed now. The sockets are held meanwhile: no request is lost.\n";

static struct {
    struct home home;
    char **environment;
    struct held programs[PROGRAMS_MAX];
    size_t count;
    sigset_t signals;
} holder;

static _Noreturn void refuse(const char *word)
{
    fprintf(stderr, "fx-holder: \"%s\" is not an option, or lacks its value\n\n%s", word, usage);
    exit(2);
}

/* Returns what --home says; NULL: nothing. */
static const char *read_options(int argc, char **argv)
{
    static const struct option names[] = {{"home", required_argument, NULL, 'h'},
        {"help", no_argument, NULL, 'u'}, {"version", no_argument, NULL, 'v'}, {0}};
    const char *home = NULL;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (c == '?')
            refuse(argv[optind - 1]);
        if (c == 'h') {
            home = optarg;
        } else {
            fputs(c == 'u' ? usage : "fx-holder " FX_VERSION "\n", stdout);
            exit(0);
        }
    }
    if (optind < argc)
        refuse(argv[optind]);
    return home;
}

/* One holder a home; the lock is held until the process ends, and no program inherits it. */
static void take_lock(void)
{
    char path[PATH_MAX];
    home_path(&holder.home, "run/holder.lock", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        log_die(EXIT_FIX, "cannot open %s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        log_die(EXIT_RETRY, "another fx-holder is running for %s", holder.home.dir);
}

static int is_web_program(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && dot > entry->d_name && strcmp(dot, ".fcgi") == 0;
}

static void open_programs(void)
{
    char directory[PATH_MAX];
    struct dirent **found;
    ssize_t n = readlink("/proc/self/exe", directory, sizeof directory - 1);
    if (n <= 0)
        log_die(EXIT_RETRY, "cannot find this program's own place");
    directory[n] = 0;
    *strrchr(directory, '/') = 0;
    int count = scandir(directory, &found, is_web_program, alphasort);
    if (count <= 0 || count > PROGRAMS_MAX)
        log_die(EXIT_FIX, "there are no web programs (events.fcgi and others), or too many, in %s",
            directory);
    for (; (int)holder.count < count; holder.count++) {
        held_open(
            &holder.programs[holder.count], &holder.home, directory, found[holder.count]->d_name);
        free(found[holder.count]);
    }
    free(found);
}

/* Starts what is due. Returns in how many ms the next one is; -1: none waits. */
static int64_t start_due(void)
{
    int64_t now = clock_mono_ms(), next = -1;
    for (size_t i = 0; i < holder.count; i++) {
        struct held *held = &holder.programs[i];
        if (!held->pid && held->due_ms <= now)
            held_start(held, holder.environment);
        int64_t left = held->due_ms > now ? held->due_ms - now : 0;
        if (!held->pid && (next < 0 || left < next))
            next = left;
    }
    return next;
}

/* A process that was replaced, or is ended by this one, is nobody's any longer. */
static void reap(void)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        for (size_t i = 0; i < holder.count; i++)
            if (holder.programs[i].pid == pid)
                held_ended(&holder.programs[i], status);
}

/* The new process takes what comes while the old one ends what it has. */
static void replace_all(void)
{
    if (home_reread(&holder.home)) {
        log_warn("the programs of before go on");
        return;
    }
    logs_begin(&holder.home, "holder");
    log_reopen();
    for (size_t i = 0; i < holder.count; i++) {
        pid_t old = holder.programs[i].pid;
        held_start(&holder.programs[i], holder.environment);
        if (old)
            kill(old, SIGTERM);
    }
    log_info("the programs were replaced");
}

/* Keeps the programs until a signal asks for the end. */
static void keep(void)
{
    for (;;) {
        int64_t ms = start_due();
        struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        int number = ms < 0 ? sigwaitinfo(&holder.signals, NULL)
                            : sigtimedwait(&holder.signals, NULL, &left);
        reap();
        if (number == SIGHUP)
            replace_all();
        else if (number == SIGTERM || number == SIGINT)
            return;
    }
}

/* The sockets go first: who connects from now on is told at once that nobody serves. */
static void end_all(void)
{
    for (size_t i = 0; i < holder.count; i++) {
        held_close(&holder.programs[i]);
        if (holder.programs[i].pid)
            kill(holder.programs[i].pid, SIGTERM);
    }
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static void block_signals(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGCHLD, SIGHUP};
    sigemptyset(&holder.signals);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaddset(&holder.signals, numbers[i]);
    sigprocmask(SIG_BLOCK, &holder.signals, NULL);
}

int main(int argc, char **argv)
{
    log_open("fx-holder");
    fresh_begin();
    const char *given = read_options(argc, argv);
    if (home_open(given, &holder.home))
        return EXIT_FIX;
    fresh_alone();
    logs_begin(&holder.home, "holder");
    log_settle();
    take_lock();
    block_signals();
    if (setenv("FX_HOME", holder.home.dir, 1) < 0)
        log_die(EXIT_RETRY, "cannot set FX_HOME");
    holder.environment = fresh_environment(NULL);
    open_programs();
    log_info("holding %zu sockets in %s/run", holder.count, holder.home.dir);
    keep();
    end_all();
    return 0;
}
