/* aside - see aside.h. */
#include "web/aside.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "web/records.h"

#define ASIDE_MAX 512                /* connections that may be set aside */
#define ASIDE_REPLY_BYTES (64 << 20) /* of memory that their replies may take up, or one reply */
#define LOOK_MAX 16384               /* bytes of a request that are looked at before it is read */
#define TICK_SECONDS 1               /* how often silent peers are looked for */
/*
 * Pieces of a request that are waited for. They stay in the socket, which holds some 270
 * of its peer's writes however short they are: from a peer that goes on like that a
 * thread has to read.
 */
#define PIECES_MAX 32

struct aside {
    int connection;
    struct buf reply; /* empty where a request is awaited */
    size_t sent;      /* bytes of the reply */
    unsigned pieces;  /* of the request, that have been looked at */
    int64_t heard_ms; /* when the peer last sent or took something */
    TAILQ_ENTRY(aside) entry;
};

/*
 * An event of the epoll set is fetched and seen to under the lock, so that no other thread
 * takes its connection out meanwhile. The set waits for edges, since the part of a request
 * that has arrived stays in the socket, and would be an event for ever. The timer, whose
 * event carries no connection, ticks while anything is set aside.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int epoll, timer;
static int64_t timeout_ms;
static TAILQ_HEAD(, aside) asides = TAILQ_HEAD_INITIALIZER(
    asides); /* the one silent longest first */
static atomic_uint count;
static size_t reply_bytes; /* of memory, that the replies take up */

int aside_open(int64_t timeout_seconds)
{
    struct epoll_event tick = {.events = EPOLLIN, .data.ptr = NULL};
    timeout_ms = timeout_seconds * 1000;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (epoll < 0 || timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &tick) < 0)
        log_die(EXIT_RETRY, "cannot wait for peers");
    return epoll;
}

bool aside_is_empty(void)
{
    return !atomic_load(&count);
}

/* Sets the timer to tick every so many seconds; 0 stops it. */
static void set_timer(time_t seconds)
{
    struct itimerspec tick = {.it_interval.tv_sec = seconds, .it_value.tv_sec = seconds};
    (void)timerfd_settime(timer, 0, &tick, NULL);
}

/* Takes a connection out of the set. The caller owns it then. */
static int take_out(struct aside *aside)
{
    int connection = aside->connection;
    (void)epoll_ctl(epoll, EPOLL_CTL_DEL, connection, NULL);
    TAILQ_REMOVE(&asides, aside, entry);
    if (atomic_fetch_sub(&count, 1) == 1)
        set_timer(0);
    reply_bytes -= aside->reply.cap;
    buf_done(&aside->reply);
    free(aside);
    return connection;
}

/* The connection with a reply whose peer has been silent longest; NULL where none has one. */
static struct aside *most_silent_reply(void)
{
    struct aside *aside = TAILQ_FIRST(&asides);
    while (aside && !aside->reply.len)
        aside = TAILQ_NEXT(aside, entry);
    return aside;
}

/* Gives up others until there is room for one more, and its reply. */
static void make_room(const struct buf *reply)
{
    if (count == ASIDE_MAX) {
        log_warn("more than %d connections wait; the most silent is given up", ASIDE_MAX);
        close(take_out(TAILQ_FIRST(&asides)));
    }
    while (reply_bytes && reply->cap && reply_bytes + reply->cap > ASIDE_REPLY_BYTES) {
        log_warn("replies of more than %d bytes wait; the most silent peer is given up",
            ASIDE_REPLY_BYTES);
        close(take_out(most_silent_reply()));
    }
}

static void add(struct aside *aside, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = aside};
    aside->heard_ms = clock_mono_ms();
    pthread_mutex_lock(&lock);
    make_room(&aside->reply);
    reply_bytes += aside->reply.cap;
    if (atomic_fetch_add(&count, 1) == 0)
        set_timer(TICK_SECONDS);
    TAILQ_INSERT_TAIL(&asides, aside, entry);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, aside->connection, &event) < 0) {
        log_errno("cannot wait for a peer");
        close(take_out(aside));
    }
    pthread_mutex_unlock(&lock);
}

/*
 * How much of the request is there? What a peer that has gone has sent can be read to its end.
 * *ret_arrival is for a request that can be read: neither RECORDS_PART nor RECORDS_BAD.
 */
static enum records look(int connection, struct arrival *ret_arrival)
{
    NOT_ZEROED uint8_t bytes[LOOK_MAX];
    ssize_t n = recv(connection, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    enum records records = RECORDS_WHOLE;
    if (n > 0)
        records = records_look(span_of(bytes, (size_t)n), LOOK_MAX);
    else if (n < 0 && errno == EAGAIN)
        records = RECORDS_PART;
    *ret_arrival = (struct arrival){
        .connection = connection,
        .waits = records == RECORDS_OTHER,
        .bytes = n > 0 ? (size_t)n : 0,
    };
    return records;
}

bool aside_request(int connection, struct arrival *ret_arrival)
{
    enum records records = look(connection, ret_arrival);
    if (records == RECORDS_BAD)
        close(connection);
    if (records != RECORDS_PART)
        return records != RECORDS_BAD;
    struct aside *aside = mem_alloc(sizeof *aside);
    aside->connection = connection;
    add(aside, EPOLLIN | EPOLLRDHUP);
    return false;
}

/* Sends what the peer takes at once. False when all of the reply is sent, or the peer has gone. */
static bool send_some(int connection, const struct buf *reply, size_t *sent)
{
    ssize_t n =
        send(connection, reply->data + *sent, reply->len - *sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN;
    *sent += (size_t)n;
    return *sent < reply->len;
}

void aside_reply(int connection, struct buf *reply)
{
    size_t sent = 0;
    if (!send_some(connection, reply, &sent)) {
        close(connection);
        buf_done(reply);
        return;
    }
    struct aside *aside = mem_alloc(sizeof *aside);
    *aside = (struct aside){.connection = connection, .reply = *reply, .sent = sent};
    add(aside, EPOLLOUT);
}

/*
 * Sees to a tick: gives up the peer that has been silent longest, if that is too long. The timer,
 * whose event stays until it is read, is read when no such peer is left.
 */
static bool give_up(struct arrival *ret_arrival)
{
    struct aside *aside = TAILQ_FIRST(&asides);
    uint64_t ticks;
    if (!aside || clock_mono_ms() - aside->heard_ms < timeout_ms) {
        (void)!read(timer, &ticks, sizeof ticks);
        return false;
    }
    bool awaits_request = !aside->reply.len;
    int connection = take_out(aside);
    *ret_arrival = (struct arrival){.connection = connection};
    if (awaits_request)
        (void)shutdown(connection, SHUT_RD); /* nothing more of the request is waited for */
    else
        close(connection);
    return awaits_request;
}

/* Goes on with a connection whose peer has sent or taken something, or has gone. */
static bool go_on(struct aside *aside, uint32_t events, struct arrival *ret_arrival)
{
    aside->heard_ms = clock_mono_ms();
    TAILQ_REMOVE(&asides, aside, entry);
    TAILQ_INSERT_TAIL(&asides, aside, entry);
    if (aside->reply.len) {
        if (!send_some(aside->connection, &aside->reply, &aside->sent))
            close(take_out(aside));
        return false;
    }
    enum records records = look(aside->connection, ret_arrival);
    bool readable = records != RECORDS_PART;
    bool gone = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    bool shredded = ++aside->pieces > PIECES_MAX;
    if (!readable && !gone && !shredded)
        return false;
    ret_arrival->waits |= !readable && !gone;
    int connection = take_out(aside);
    if (records == RECORDS_BAD)
        close(connection);
    return records != RECORDS_BAD;
}

bool aside_next(struct arrival *ret_arrival)
{
    bool found = false;
    struct epoll_event event;
    if (aside_is_empty())
        return false;
    pthread_mutex_lock(&lock);
    for (unsigned left = count + 1; left && !found && epoll_wait(epoll, &event, 1, 0) == 1; left--)
        found = event.data.ptr ? go_on(event.data.ptr, event.events, ret_arrival)
                               : give_up(ret_arrival);
    pthread_mutex_unlock(&lock);
    return found;
}
