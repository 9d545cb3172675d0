/* serve - see serve.h. */
#include "web/serve.h"

#include <errno.h>
#include <malloc.h>
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

#include "base/crypto.h"
#include "base/fresh.h"
#include "base/log.h"
#include "web/channel.h"
#include "web/receive.h"

#define LISTEN_FD 0
/*
 * Threads that accept and serve at a time. Where requests share commits, one that
 * gathers all that has come and then commits it costs least: no thread is woken
 * for a single request. Reading has nothing to gather, but may wait for the disk.
 */
#define SLOTS_WRITING 1
#define SLOTS_READING 2
#define GATHER_MAX 64 /* requests a thread takes before it sees to the commit */
#define HEAP_KEPT_BYTES (4 << 20)
#define THREAD_STACK_BYTES (512 * 1024)
#define ACCEPT_PAUSE_US 10000 /* when the process is out of descriptors, others must end first */

extern char **environ;

/* What the threads share. Set before the first of them starts. */
static struct home home;
static struct store *store;
static struct serving serving;
static int stop_fd;
static atomic_bool stopping;

/* Who serves. A thread without a slot either waits for something, or for a slot. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t slot_freed = PTHREAD_COND_INITIALIZER;
static pthread_cond_t thread_ended = PTHREAD_COND_INITIALIZER;
static int slots, waiting, threads;
static _Thread_local bool in_slot;

bool serve_is_stopping(void)
{
    return atomic_load(&stopping);
}

static void *worker(void *unused);

/* Called with the lock held. */
static void start_thread(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    if (threads >= home.config.web_threads)
        return;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    if (pthread_create(&thread, &attr, worker, NULL) == 0)
        threads++;
    else
        log_errno("cannot start a thread");
    pthread_attr_destroy(&attr);
}

static void take_slot(void)
{
    pthread_mutex_lock(&lock);
    waiting++;
    while (!slots && !serve_is_stopping())
        pthread_cond_wait(&slot_freed, &lock);
    waiting--;
    slots--;
    in_slot = true;
    pthread_mutex_unlock(&lock);
}

/* Somebody else may serve: a thread that waits for a slot, or a new one. */
static void give_slot(void)
{
    in_slot = false;
    pthread_mutex_lock(&lock);
    slots++;
    if (waiting)
        pthread_cond_signal(&slot_freed);
    else if (!serve_is_stopping())
        start_thread();
    pthread_mutex_unlock(&lock);
}

void serve_block(void)
{
    if (!in_slot)
        return;
    store_lead(store); /* what this thread has gathered does not wait with it */
    give_slot();
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

/*
 * The next connection; -1 when the process is to stop. What was gathered from
 * the ones before is committed as soon as there is none at once.
 */
static int next_connection(int epoll, int *gathered)
{
    while (!serve_is_stopping()) {
        int connection = *gathered < GATHER_MAX ? accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (connection >= 0) {
            ++*gathered;
            return connection;
        }
        if (*gathered) {
            *gathered = 0;
            store_lead(store);
        } else if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) {
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

static void serve_connection(int connection)
{
    if (!peer_is_trusted(connection)) {
        log_warn("refused a connection from another account");
        close(connection);
        return;
    }
    struct channel *channel = fastcgi_channel(connection, home.config.web_io_timeout_seconds);
    if (channel)
        request_serve(&serving, channel);
    if (store_is_broken(store))
        kill(getpid(), SIGTERM); /* the front end starts a fresh process */
}

static void *worker(void *unused)
{
    (void)unused;
    int epoll = epoll_create1(EPOLL_CLOEXEC), gathered = 0;
    struct epoll_event listen = {.events = EPOLLIN | EPOLLEXCLUSIVE}, stop = {.events = EPOLLIN};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, LISTEN_FD, &listen) < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, stop_fd, &stop) < 0)
        log_die(EXIT_RETRY, "cannot wait for connections");
    take_slot();
    for (int connection; (connection = next_connection(epoll, &gathered)) >= 0;) {
        serve_connection(connection);
        if (!in_slot) {
            store_lead(store);
            gathered = 0;
            take_slot();
        }
    }
    store_lead(store);
    close(epoll);
    give_slot();
    crypto_thread_end();
    pthread_mutex_lock(&lock);
    threads--;
    pthread_cond_signal(&thread_ended);
    pthread_mutex_unlock(&lock);
    return NULL;
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

static void serve_fastcgi(void)
{
    sigset_t stops;
    int signal;
    check_socket();
    /* libfcgi takes and frees buffers of 8 KiB for each request: keep that memory in between. */
    mallopt(M_MXFAST, 0);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &stops, NULL); /* inherited by every thread */
    fastcgi_start(serve_block);
    stop_fd = eventfd(0, EFD_CLOEXEC);
    if (stop_fd < 0)
        log_die(EXIT_RETRY, "cannot make an event descriptor");
    pthread_mutex_lock(&lock);
    slots = serving.program->mode == STORE_READ_ONLY ? SLOTS_READING : SLOTS_WRITING;
    for (int i = slots; i > 0; i--)
        start_thread();
    pthread_mutex_unlock(&lock);

    sigwait(&stops, &signal);
    atomic_store(&stopping, true);
    uint64_t one = 1;
    (void)!write(stop_fd, &one, sizeof one);
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&slot_freed);
    while (threads)
        pthread_cond_wait(&thread_ended, &lock);
    pthread_mutex_unlock(&lock);
}

/* Also without a store: to say so. */
static void serve_cgi(void)
{
    request_serve(&serving, cgi_channel(environ, home.config.web_io_timeout_seconds));
    if (store)
        store_lead(store);
}

void serve_main(const struct program *program)
{
    log_open(program->name);
    fresh_begin();
    signal(SIGPIPE, SIG_IGN);
    bool fastcgi = fastcgi_is();
    enum err err = home_open(NULL, &home);
    if (!err)
        err = store_open(&home, program->mode, &store);
    else
        config_defaults(&home.config);
    if (err && fastcgi)
        exit(err == ERR_IO ? EXIT_RETRY : EXIT_FIX);
    serving = (struct serving){program, &home, store, err ? NULL : meter_open(&home)};
    if (fastcgi)
        serve_fastcgi();
    else
        serve_cgi();
    /* The environment is not closed: in some versions of LMDB that harms other processes. */
    exit(store && store_is_broken(store) ? EXIT_RETRY : 0);
}
