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

#include "base/fresh.h"
#include "base/log.h"
#include "base/version.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/loop.h"
#include "dispatcher/recover.h"
#include "dispatcher/successor.h"
#include "home/account.h"
#include "home/alive.h"
#include "home/installed.h"
#include "home/logs.h"
#include "home/stats.h"
#include "home/wake.h"
#include "model/address.h"
#include "proc/leftovers.h"
#include "store/upgrade.h"

#define MAX_SECONDS 86400

#define LOCK_TRIES 100
#define LOCK_PAUSE_US 10000

static const char usage[] =
    "usage: fx-dispatcher [--home DIR] [--once [--max-seconds N]]\n"
    "\n"
    "Runs the pipelines of an FX Bridge home, in the foreground, until SIGTERM.\n"
    "\n"
    "  --home DIR       the home; else FX_HOME, else the one named in the file\n"
    "                   fxbridge.home beside this program, else ~/.fxbridge,\n"
    "                   else the one named in /etc/fxbridge/home\n"
    "  --once           work off what waits, then leave: for cron. Does nothing,\n"
    "                   and succeeds, where another dispatcher is running\n"
    "  --max-seconds N  with --once: start nothing new after so long\n"
    "  --on-demand      leave the caller's session, and leave after\n"
    "                   leave_seconds (fx.conf) with nothing to do\n"
    "  --help           this text\n"
    "  --version        the version\n"
    "\n"
    "SIGTERM and SIGINT let running executions end (drain_seconds in fx.conf).\n"
    "SIGHUP reads fx.conf again, and opens the log anew.\n";

struct options {
    const char *home;
    bool once, on_demand;
    int64_t max_seconds;
};

static _Noreturn void refuse(const char *what, const char *word)
{
    fprintf(stderr, "fx-dispatcher: \"%s\" %s\n\n%s", word, what, usage);
    exit(2);
}

static int64_t read_seconds(const char *text)
{
    char *end;
    long seconds = strtol(text, &end, 10);
    if (end == text || *end || seconds < 1 || seconds > MAX_SECONDS)
        refuse("is no number of seconds for --max-seconds", text);
    return seconds;
}

static struct options read_options(int argc, char **argv)
{
    static const struct option names[] = {{"home", required_argument, NULL, 'h'},
        {"once", no_argument, NULL, '1'}, {"max-seconds", required_argument, NULL, 'm'},
        {"on-demand", no_argument, NULL, 'd'}, {"help", no_argument, NULL, 'u'},
        {"version", no_argument, NULL, 'v'}, {0}};
    struct options options = {0};
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'h':
            options.home = optarg;
            break;
        case '1':
            options.once = true;
            break;
        case 'm':
            options.max_seconds = read_seconds(optarg);
            break;
        case 'd':
            options.on_demand = true;
            break;
        case 'u':
            fputs(usage, stdout);
            exit(0);
        case 'v':
            puts("fx-dispatcher " FX_VERSION);
            exit(0);
        default:
            refuse("is not an option, or lacks its value", argv[optind - 1]);
        }
    }
    if (optind < argc)
        refuse("is too much: no arguments are taken", argv[optind]);
    if (options.max_seconds && !options.once)
        refuse("goes with --once", "--max-seconds");
    return options;
}

/* Leaves the caller, a web program, which waits for its child: the dispatcher is a grandchild. */
static void leave_caller(void)
{
    pid_t pid = fork();
    if (pid < 0)
        log_die(EXIT_RETRY, "cannot fork");
    if (pid > 0)
        _exit(0);
    setsid();
}

static void find_runner(struct dispatcher *d)
{
    struct buf why = BUF_INIT;
    if (!installed_find(&d->home, "fx-runner", &d->runner, &why))
        log_die(EXIT_FIX, "cannot find fx-runner: %s", buf_text(&why));
    buf_done(&why);
}

/* A wrong list of networks is reported once here, rather than by every HTTP step. */
static bool check_allowed(const struct home *home)
{
    struct networks networks;
    struct buf why = BUF_INIT;
    bool good = networks_parse(home->config.http_allow, &networks, &why);
    if (!good)
        home_tell_setting(home, "http", "allow", &why);
    networks_done(&networks);
    buf_done(&why);
    return good;
}

/* Nor is an account that scripts cannot run under. */
static bool check_account(const struct home *home)
{
    struct account account;
    struct buf why = BUF_INIT;
    bool good = account_find(home, &account, &why);
    if (!good)
        home_tell_setting(home, "step", "user", &why);
    buf_done(&why);
    return good;
}

static int open_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * Takes the lock: one dispatcher a home. The lock of a dispatcher that was killed while it
 * started a runner lives on for a moment, in the process that is about to be that runner.
 */
static enum err take_lock(struct dispatcher *d, const struct options *options)
{
    for (int tries = LOCK_TRIES;; tries--) {
        enum err err = alive_take(&d->home, &d->lock_fd, &d->after_death);
        if (err != ERR_BUSY)
            return err;
        pid_t pid = alive_pid(&d->home);
        bool alive = pid && (kill(pid, 0) == 0 || errno != ESRCH);
        /* A dispatcher that is summoned while another one leaves waits for its end. */
        if ((alive && !options->on_demand) || !tries) {
            if (options->once || options->on_demand)
                return err;
            log_error("a dispatcher is already running for %s (process %d)", d->home.dir, (int)pid);
            return err;
        }
        usleep(LOCK_PAUSE_US);
    }
}

/* This process has the dispatcher's lock, and so may carry over what an earlier version left. */
static enum err open_store(struct dispatcher *d)
{
    struct upgrade upgrade;
    enum err err = upgrade_open(&d->home, NULL, &d->store, &upgrade);
    if (!err && upgrade.from < upgrade.to)
        log_info("the database was brought from layout %d to %d; a copy of it as it was is in %s",
            (int)upgrade.from, (int)upgrade.to, upgrade.copy);
    return err;
}

/* With the lock and the store. Returns the exit status. */
static int run(struct dispatcher *d)
{
    leftovers_mark(&d->home);
    /* Processes that a killed runner leaves become children of this process, which ends them. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    d->signal_fd = open_signals();
    d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    d->wake_fd = wake_listen(&d->home);
    if (d->signal_fd < 0 || d->epoll_fd < 0 || d->wake_fd < 0 || recover_start(d))
        return EXIT_RETRY;
    log_info("running for %s", d->home.dir);
    return loop_run(d);
}

int main(int argc, char **argv)
{
    static struct dispatcher d;
    log_open("fx-dispatcher");
    fresh_begin();
    successor_note();
    struct options options = read_options(argc, argv);
    logs_early(options.home, "dispatcher");
    if (home_open(options.home, &d.home))
        return EXIT_FIX;
    if (!check_allowed(&d.home) || !check_account(&d.home))
        return EXIT_FIX;
    find_runner(&d);
    fresh_alone();
    logs_begin(&d.home, "dispatcher");
    log_settle();
    if (options.on_demand) {
        fresh_limits();
        leave_caller();
    }
    enum err err = take_lock(&d, &options);
    if (err == ERR_BUSY && (options.once || options.on_demand))
        return 0; /* another dispatcher does the work */
    if (!err) {
        stats_open(&d.home, "dispatcher");
        err = open_store(&d);
    }
    if (err)
        return err == ERR_BUSY || err == ERR_IO ? EXIT_RETRY : EXIT_FIX;
    d.once = options.once;
    d.max_ms = options.max_seconds * 1000;
    d.leave_ms = options.on_demand ? d.home.config.dispatcher_leave_seconds * 1000 : 0;
    int status = run(&d);
    if (d.is_superseded)
        successor_begin(argv);
    return status;
}
