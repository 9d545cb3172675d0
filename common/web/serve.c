/* serve - see serve.h. */
#include "web/serve.h"

#include <errno.h>
#include <malloc.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/fresh.h"
#include "base/log.h"
#include "home/logs.h"
#include "home/need.h"
#include "home/stats.h"
#include "home/summon.h"
#include "model/address.h"
#include "web/channel.h"
#include "web/peer.h"
#include "web/receive.h"
#include "web/sender.h"
#include "web/slots.h"

#define LISTEN_FD 0
/*
 * How many threads accept and serve at a time. Where requests share commits, one thread that
 * gathers all requests that have come, and then commits them, costs least: no thread is woken
 * for a single request. Programs that only read gather nothing, but may wait for the disk.
 */
#define SLOTS_WRITING 1
#define SLOTS_READING 2
#define THREADS_WATCHING 1 /* beside those that serve: of a program whose requests wait */
/*
 * How much memory the requests may take up that a thread gathers before it commits them: their
 * own bytes, and what each needs beside them. While a thread commits less than MUCH_BYTES,
 * another may gather as much.
 */
#define GATHER_BYTES (16 << 20)
#define MUCH_BYTES (4 << 20)
#define REQUEST_BYTES 16384
#define HEAP_KEPT_BYTES (4 << 20)
#define THREAD_PAUSE_SECONDS 1 /* between tries to start a thread */
#define ACCEPT_PAUSE_US 10000  /* when the process has no descriptor left, until others end */

extern char **environ;

/* What the threads share; set before the first thread starts. */
static struct home home;
static struct store *store;
static struct serving serving;
static struct networks proxies;
static int stop_fd;
static atomic_bool stopping;

/* What goes with a slot. The epoll set is for connections, for those set aside, and for the end. */
static struct place {
    int epoll;
    size_t gathered; /* bytes that the requests read since the last commit take up */
} places[SLOTS_MAX];

bool serve_is_stopping(void)
{
    return atomic_load(&stopping);
}

/* The place of this thread; NULL where the thread has no slot. */
static struct place *my_place(void)
{
    int slot = slots_mine();
    return slot < 0 ? NULL : &places[slot];
}

/*
 * A program that only reads has nothing to commit, and would sleep and be woken for each
 * connection. It lets the web server run first, which may have some more.
 */
static void commit_gathered(struct place *place)
{
    place->gathered = 0;
    if (serving.program->mode == STORE_READ_ONLY)
        sched_yield();
    else
        store_lead(store);
}

void serve_block(void)
{
    struct place *place = my_place();
    if (!place)
        return;
    commit_gathered(place); /* requests that this thread has gathered do not wait with it */
    slots_give();
}

/* A byte more than a body may have tells that it is too large. */
static size_t body_most(void)
{
    return (size_t)serving.home->config.web_body_bytes + 1;
}

/*
 * A connection whose request has arrived, one that was set aside or has just come in. False when
 * there is none at once: *ret_error then says why accepting ended.
 */
static bool next_arrival(struct arrival *ret_arrival, int *ret_error)
{
    int connection;
    if (aside_next(ret_arrival))
        return true;
    while ((connection = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        if (!peer_is_trusted(connection))
            close(connection);
        else if (aside_request(connection, body_most(), ret_arrival))
            return true;
    }
    *ret_error = errno;
    return false;
}

/* Waits until there may be something to do. */
static void wait_for_more(const struct place *place, int error)
{
    struct epoll_event event;
    if (error == EAGAIN || error == EINTR || error == ECONNABORTED)
        (void)epoll_wait(place->epoll, &event, 1, -1);
    else
        usleep(ACCEPT_PAUSE_US);
}

/* Is there something to commit that no other thread commits when it is done with what it has? */
static bool has_to_commit(const struct place *place)
{
    return place->gathered && (place->gathered >= GATHER_BYTES || !store_is_led(store));
}

/*
 * The next connection whose request has arrived; false when the process is to stop or the slot is
 * lost. Requests that were gathered before are committed as soon as there is no other one at once.
 * Where that takes long another thread gathers meanwhile, which has the slot then.
 */
static bool next_request(struct place *place, struct arrival *ret_arrival)
{
    while (!serve_is_stopping()) {
        int error = EAGAIN;
        if (place->gathered < GATHER_BYTES && next_arrival(ret_arrival, &error))
            return true;
        if (!has_to_commit(place)) {
            wait_for_more(place, error);
        } else if (place->gathered < MUCH_BYTES && store_is_slow(store)) {
            place->gathered = 0;
            slots_give();
            return false;
        } else {
            commit_gathered(place);
        }
    }
    return false;
}

/* Returns how many bytes the request may go on to take up. */
static size_t serve_request(const struct arrival *arrival)
{
    size_t came = records_held(&arrival->request);
    size_t decoded = request_serve(&serving, fastcgi_channel(arrival));
    if (store_is_broken(store))
        kill(getpid(), SIGTERM); /* the front end starts a fresh process */
    return REQUEST_BYTES + came + decoded;
}

/* Serves until the slot is lost (true), or the process is to stop (false). */
static bool serve_with(struct place *place)
{
    struct arrival arrival;
    while (next_request(place, &arrival)) {
        size_t bytes = serve_request(&arrival);
        if (!my_place())
            return true; /* the place is another thread's by now */
        place->gathered += bytes;
    }
    if (!my_place())
        return true;
    commit_gathered(place);
    slots_give();
    return false;
}

static void serve_thread(void)
{
    while (slots_take() && serve_with(my_place()))
        store_lead(store);
    crypto_thread_end();
}

/* Serves what is set aside when all threads have ended. */
static void finish_what_is_aside(int aside)
{
    struct pollfd more = {.fd = aside, .events = POLLIN};
    struct arrival arrival;
    while (!aside_is_empty()) {
        (void)poll(&more, 1, -1);
        while (aside_next(&arrival)) {
            serve_request(&arrival);
            store_lead(store);
        }
    }
}

static void open_place(struct place *place, int aside)
{
    struct epoll_event listen = {.events = EPOLLIN | EPOLLEXCLUSIVE}, other = {.events = EPOLLIN};
    place->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (place->epoll < 0 || epoll_ctl(place->epoll, EPOLL_CTL_ADD, LISTEN_FD, &listen) < 0 ||
        epoll_ctl(place->epoll, EPOLL_CTL_ADD, aside, &other) < 0 ||
        epoll_ctl(place->epoll, EPOLL_CTL_ADD, stop_fd, &other) < 0)
        log_die(EXIT_RETRY, "cannot wait for connections");
}

/* The socket is shared with whoever made it, but only this process accepts on it. */
static void check_socket(void)
{
    struct sockaddr_un address = {0};
    socklen_t len = sizeof address;
    if (getsockname(LISTEN_FD, (struct sockaddr *)&address, &len) < 0 ||
        address.sun_family != AF_UNIX)
        log_die(EXIT_FIX, "FastCGI is served on Unix sockets only; name one in the web server's "
                          "configuration instead of a port");
    int flags = fcntl(LISTEN_FD, F_GETFL);
    if (flags < 0 || fcntl(LISTEN_FD, F_SETFL, flags | O_NONBLOCK) < 0)
        log_die(EXIT_RETRY, "cannot prepare the listening socket");
}

/*
 * Reads the settings again, for the requests from now on. Requests at hand go on with the ones
 * that they began with, so these stay.
 */
static void on_hangup(void)
{
    struct again {
        struct home home;
        struct again *before;
    };
    static struct again *last;
    struct again *again = mem_alloc(sizeof *again);
    *again = (struct again){*serving.home, last};
    last = again;
    if (home_reread(&again->home)) {
        log_warn("the settings of before go on%s",
            serving.program->reads_key ? ""
                                       : "; where another file has taken the place of fx.conf, "
                                         "this program cannot open it: end it, and the web server "
                                         "starts it anew");
        return;
    }
    serving.home = &again->home;
    logs_begin(&again->home, serving.program->name);
    log_info("the settings were read again");
}

/* Does what signals ask for until one asks to stop. */
static void heed_signals(const sigset_t *signals)
{
    const struct timespec pause = {.tv_sec = THREAD_PAUSE_SECONDS};
    bool lacking = false;
    for (;;) {
        int signal = lacking ? sigtimedwait(signals, NULL, &pause) : sigwaitinfo(signals, NULL);
        if (signal == SIGHUP)
            on_hangup();
        else if (signal > 0 && signal != SLOTS_LACKING)
            return;
        else if (signal == SLOTS_LACKING || lacking)
            lacking = !slots_start();
    }
}

static struct patience patience_of_home(void)
{
    return (struct patience){
        .timeout_seconds = home.config.web_io_timeout_seconds,
        .least_bytes_per_second = home.config.web_least_bytes_per_second,
    };
}

/* Of a request that has not arrived whole. */
static struct uuid sender_of(char **variables)
{
    struct channel channel = {.variables = variables};
    const struct request request = {.channel = &channel, .proxies = &proxies};
    return sender_key(&request);
}

static void serve_fastcgi(void)
{
    sigset_t signals;
    check_socket();
    /* Each request takes memory and frees it: keep that memory in between. */
    mallopt(M_MXFAST, 0);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SLOTS_LACKING);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by every thread */
    stop_fd = eventfd(0, EFD_CLOEXEC);
    if (stop_fd < 0)
        log_die(EXIT_RETRY, "cannot make an event descriptor");
    int aside = aside_open(patience_of_home(), sender_of);
    int slots = serving.program->mode == STORE_READ_ONLY ? SLOTS_READING : SLOTS_WRITING;
    for (int i = 0; i < slots; i++)
        open_place(&places[i], aside);
    slots_open(slots, home.config.web_threads + THREADS_WATCHING, serve_thread);

    heed_signals(&signals);
    atomic_store(&stopping, true);
    uint64_t one = 1;
    (void)!write(stop_fd, &one, sizeof one);
    slots_close();
    finish_what_is_aside(aside);
}

static void on_term(int number)
{
    (void)number;
    atomic_store(&stopping, true);
}

/*
 * Serves the one request, also without a store, so that the reply says so. TERM, which is how a
 * web server tells that the client has left, ends waiting and no work.
 */
static void serve_cgi(void)
{
    (void)signal(SIGTERM, on_term);
    request_serve(&serving, cgi_channel(environ, patience_of_home()));
    if (store)
        store_lead(store);
}

/* libcrypto reads its settings when it is first used. */
static void give_up(const struct program *program)
{
    uint8_t digest[CRYPTO_SHA256];
    unsigned needs = program->reads_key ? NEED_KEY : 0;
    crypto_sha256(SPAN_NONE, digest);
    needs |= NEED_STATE | (program->mode == STORE_READ_WRITE ? NEED_WAKE : 0);
    need_only(&home, needs);
}

static enum err read_proxies(void)
{
    struct buf why = BUF_INIT;
    bool good = networks_parse(home.config.web_proxies, &proxies, &why);
    if (!good)
        home_tell_setting(&home, "web", "proxies", &why);
    buf_done(&why);
    return good ? ERR_OK : ERR_INVALID;
}

/* Opens the home and what the program needs of it; logged. */
static enum err open_home(const struct program *program, bool fastcgi)
{
    logs_early(NULL, program->name);
    enum err err = home_open(NULL, &home);
    if (err)
        config_defaults(&home.config);
    else
        logs_begin(&home, program->name);
    logs_heed_hangup();
    if (!err)
        err = read_proxies();
    if (fastcgi || err)
        log_settle();
    if (!err && program->mode == STORE_READ_WRITE && home.config.dispatcher_on_demand)
        summon_split(&home);
    if (err)
        return err;
    stats_open(&home, program->name);
    err = store_open(&home, program->mode, &store);
    return err == ERR_NOTFOUND ? ERR_BUSY : err; /* it is being put back, perhaps */
}

/* Accounts are looked up while their file can be read still. */
static void read_peers(void)
{
    static struct peers peers;
    struct buf why = BUF_INIT;
    if (!peers_parse(home.config.web_peers, &peers, &why)) {
        home_tell_setting(&home, "web", "peers", &why);
        exit(EXIT_FIX);
    }
    peer_begin(LISTEN_FD, &peers);
    buf_done(&why);
}

void serve_main(const struct program *program)
{
    log_open(program->name);
    fresh_begin();
    signal(SIGPIPE, SIG_IGN);
    bool fastcgi = fastcgi_is();
    enum err err = open_home(program, fastcgi);
    int status = !err ? 0 : err == ERR_IO || err == ERR_BUSY ? EXIT_RETRY : EXIT_FIX;
    if (err && fastcgi)
        exit(status);
    if (fastcgi)
        read_peers();
    struct meter *meter = err ? NULL : meter_open(&home);
    serving = (struct serving){program, &home, store, meter, &proxies, err};
    if (!err)
        give_up(program);
    if (fastcgi)
        serve_fastcgi();
    else
        serve_cgi();
    /* The environment is not closed: in some versions of LMDB that harms other processes. */
    exit(store && store_is_broken(store) ? EXIT_RETRY : status);
}
