/*
 * fx-dispatcher - tails the event log of a home and drives everything after
 * acceptance. Runs no user code and makes no network call: its runners do.
 *
 * Exit status: 0 stopped in order; 2 usage; 100 something must be mended; 111 try
 * again (another dispatcher is running, the store cannot be used).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/log.h"
#include "base/wake.h"
#include "dispatcher.h"

#define LOCK_TRIES 100
#define LOCK_PAUSE_US 10000

static const char usage[] =
    "usage: fx-dispatcher [--home DIR]\n"
    "\n"
    "Runs the pipelines of an FX Bridge home, in the foreground, until SIGTERM.\n"
    "\n"
    "  --home DIR   the home; else FX_HOME, else the one named in the file\n"
    "               fxbridge.home beside this program, else ~/.fxbridge\n"
    "  --help       this text\n"
    "\n"
    "SIGTERM and SIGINT let running executions end (drain_seconds in fx.conf).\n";

static const char *read_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"home", required_argument, NULL, 'h'}, {"help", no_argument, NULL, '?'}, {0}};
    const char *home = NULL;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'h') {
            home = optarg;
        } else if (strcmp(argv[optind - 1], "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        } else {
            fprintf(stderr, "fx-dispatcher: %s is not an option, or lacks its value\n\n%s",
                argv[optind - 1], usage);
            exit(2);
        }
    }
    if (optind < argc) {
        fprintf(
            stderr, "fx-dispatcher: takes no arguments, but got \"%s\"\n\n%s", argv[optind], usage);
        exit(2);
    }
    return home;
}

/* fx-runner stands beside this program. */
static void find_runner(char ret_path[PATH_MAX])
{
    static const char name[] = "fx-runner";
    ssize_t n = readlink("/proc/self/exe", ret_path, PATH_MAX - sizeof name);
    if (n <= 0)
        log_die(EXIT_RETRY, "cannot find this program's own place");
    ret_path[n] = 0;
    memcpy(strrchr(ret_path, '/') + 1, name, sizeof name);
    if (access(ret_path, X_OK) < 0)
        log_die(EXIT_FIX, "there is no fx-runner beside fx-dispatcher; install both in one place");
}

static int open_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * One dispatcher a home. The lock of one that was killed outlives it for a moment
 * where it was just starting a runner, which has the lock until it is a program of its own.
 */
static enum err take_lock(struct dispatcher *d)
{
    for (int tries = LOCK_TRIES;; tries--) {
        enum err err = alive_take(&d->home, &d->lock_fd);
        if (err != ERR_BUSY)
            return err;
        pid_t pid = alive_pid(&d->home);
        bool alive = pid && (kill(pid, 0) == 0 || errno != ESRCH);
        if (alive || !tries) {
            log_error("a dispatcher is already running for %s (process %d)", d->home.dir, (int)pid);
            return err;
        }
        usleep(LOCK_PAUSE_US);
    }
}

int main(int argc, char **argv)
{
    static struct dispatcher d;
    log_open("fx-dispatcher");
    if (home_open(read_options(argc, argv), &d.home))
        return EXIT_FIX;
    find_runner(d.runner_path);
    enum err err = take_lock(&d);
    if (!err)
        err = store_open(&d.home, STORE_READ_WRITE, &d.store);
    if (err)
        return err == ERR_BUSY || err == ERR_IO ? EXIT_RETRY : EXIT_FIX;
    /* What the steps of a killed runner leave behind becomes this process's to end. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    d.signal_fd = open_signals();
    d.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    d.wake_fd = wake_listen(&d.home);
    if (d.signal_fd < 0 || d.epoll_fd < 0 || d.wake_fd < 0 || turn_start(&d))
        return EXIT_RETRY;
    log_info("running for %s", d.home.dir);
    return loop_run(&d);
}
