/* serve - see serve.h. */
#include "web/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "web/channel.h"
#include "web/receive.h"

#define LISTEN_FD 0
#define THREADS_AT_START 2
#define THREAD_STACK_BYTES (512 * 1024)
#define ACCEPT_PAUSE_US 10000 /* when the process is out of descriptors, others must end first */

extern char **environ;

/* What the threads share. Set before the first of them starts. */
static const struct program *program;
static struct home home;
static struct store *store;
static int stop_fd;
static atomic_bool stopping;
static atomic_int idle, threads;

bool serve_is_stopping(void)
{
    return atomic_load(&stopping);
}

/* Who may connect, besides what the socket's own permissions say: this account, its group, root. */
static bool peer_is_trusted(int connection)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return false;
    return peer.uid == 0 || peer.uid == geteuid() || peer.gid == getegid();
}

static void set_timeouts(int connection)
{
    struct timeval limit = {.tv_sec = home.config.web_io_timeout_seconds};
    (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/*
 * Waits for a connection; -1 when the process is to stop. Each thread waits for
 * itself, and the kernel wakes one of them for each connection.
 */
static int next_connection(int epoll)
{
    while (!serve_is_stopping()) {
        int connection = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);
        if (connection >= 0)
            return connection;
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) {
            struct epoll_event event;
            (void)epoll_wait(epoll, &event, 1, -1);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            usleep(ACCEPT_PAUSE_US);
        } else {
            log_errno("cannot accept connections");
            return -1;
        }
    }
    return -1;
}

static void *worker(void *unused);

static void start_thread(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    if (atomic_fetch_add(&threads, 1) >= home.config.web_threads) {
        atomic_fetch_sub(&threads, 1);
        return;
    }
    atomic_fetch_add(&idle, 1);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    if (pthread_create(&thread, &attr, worker, NULL) != 0) {
        atomic_fetch_sub(&threads, 1);
        atomic_fetch_sub(&idle, 1);
    }
    pthread_attr_destroy(&attr);
}

static void serve_connection(int connection)
{
    if (!peer_is_trusted(connection)) {
        log_warn("refused a connection from another account");
        close(connection);
        return;
    }
    set_timeouts(connection);
    struct channel *channel = fastcgi_channel(connection);
    if (channel)
        request_serve(program, &home, store, channel);
    if (store_is_broken(store))
        kill(getpid(), SIGTERM); /* the front end starts a fresh process */
}

/* One more thread is started whenever the last idle one becomes busy, up to the limit. */
static void *worker(void *unused)
{
    (void)unused;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listen = {.events = EPOLLIN | EPOLLEXCLUSIVE}, stop = {.events = EPOLLIN};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, LISTEN_FD, &listen) < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, stop_fd, &stop) < 0)
        log_die(EXIT_RETRY, "cannot wait for connections");
    for (int connection; (connection = next_connection(epoll)) >= 0;) {
        if (atomic_fetch_sub(&idle, 1) == 1)
            start_thread();
        serve_connection(connection);
        atomic_fetch_add(&idle, 1);
    }
    close(epoll);
    atomic_fetch_sub(&threads, 1);
    uint64_t one = 1;
    (void)!write(stop_fd, &one, sizeof one);
    return NULL;
}

/* The socket is shared with whoever made it, but only this process accepts on it. */
static void check_socket(void)
{
    struct sockaddr_un address;
    socklen_t len = sizeof address;
    if (getsockname(LISTEN_FD, (struct sockaddr *)&address, &len) < 0 ||
        address.sun_family != AF_UNIX)
        log_die(EXIT_FIX, "FastCGI is served on Unix sockets only; name one in the web server's "
                          "configuration instead of a port");
    int flags = fcntl(LISTEN_FD, F_GETFL);
    if (flags < 0 || fcntl(LISTEN_FD, F_SETFL, flags | O_NONBLOCK) < 0)
        log_die(EXIT_RETRY, "cannot prepare the listening socket");
}

static void serve_fastcgi(void)
{
    sigset_t stops;
    int signal;
    check_socket();
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &stops, NULL); /* inherited by every thread */
    fastcgi_start();
    stop_fd = eventfd(0, EFD_CLOEXEC);
    if (stop_fd < 0)
        log_die(EXIT_RETRY, "cannot make an event descriptor");
    for (int i = 0; i < THREADS_AT_START; i++)
        start_thread();

    sigwait(&stops, &signal);
    atomic_store(&stopping, true);
    uint64_t one = 1;
    (void)!write(stop_fd, &one, sizeof one);
    while (atomic_load(&threads) > 0)
        usleep(1000);
}

void serve_main(const struct program *served)
{
    program = served;
    log_open(program->name);
    signal(SIGPIPE, SIG_IGN);
    bool fastcgi = fastcgi_is();
    enum err err = home_open(NULL, &home);
    if (!err)
        err = store_open(&home, program->mode, &store);
    else
        config_defaults(&home.config);
    if (err && fastcgi)
        exit(err == ERR_IO ? EXIT_RETRY : EXIT_FIX);
    if (fastcgi)
        serve_fastcgi();
    else
        request_serve(
            program, &home, store, cgi_channel(environ)); /* also without a store: to say so */
    /* The environment is not closed: in some versions of LMDB that harms other processes. */
    exit(store && store_is_broken(store) ? EXIT_RETRY : 0);
}
