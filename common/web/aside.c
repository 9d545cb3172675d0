/* aside - see aside.h. */
#include "web/aside.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

#define ASIDE_MAX 512          /* connections that may be set aside */
#define ASIDE_BYTES (64 << 20) /* of memory that all of them may take up, or one of them */
#define READ_BYTES 65536       /* that are taken from a connection at once */
#define READS_MAX 4            /* before others have their turn */
#define TICK_SECONDS 1         /* how often slow peers are looked for */

struct aside {
    int connection;
    struct records_request request; /* a part where the reply is empty, else what it is for */
    struct buf reply;
    size_t sent;                /* bytes of the reply */
    size_t bytes;               /* of memory, that both take up */
    int64_t since_ms, heard_ms; /* when it was set aside; when the peer sent or took something */
    bool asked;                 /* who the sender is */
    struct uuid sender;         /* all zero: not known */
    TAILQ_ENTRY(aside) entry;
};

/*
 * An event of the epoll set is fetched and seen to under the lock, so that no other thread
 * takes its connection out meanwhile. The timer, whose event carries no connection, ticks while
 * anything is set aside.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int epoll, timer;
static struct patience patience;
static aside_sender *find_sender;
static TAILQ_HEAD(, aside) asides = TAILQ_HEAD_INITIALIZER(
    asides); /* the one silent longest first */
static atomic_uint count;
static size_t all_bytes;

int aside_open(struct patience of, aside_sender *sender)
{
    struct epoll_event tick = {.events = EPOLLIN, .data.ptr = NULL};
    patience = of;
    find_sender = sender;
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

/* Takes a connection out of the set. The caller owns it then, and its request. */
static struct arrival take_out(struct aside *aside)
{
    struct arrival arrival = {aside->connection, aside->request};
    (void)epoll_ctl(epoll, EPOLL_CTL_DEL, aside->connection, NULL);
    TAILQ_REMOVE(&asides, aside, entry);
    if (atomic_fetch_sub(&count, 1) == 1)
        set_timer(0);
    all_bytes -= aside->bytes;
    buf_done(&aside->reply);
    free(aside);
    return arrival;
}

static void drop(struct arrival arrival)
{
    close(arrival.connection);
    records_done(&arrival.request);
}

/* A connection's part in what its sender takes up. */
struct share {
    struct uuid sender;
    size_t weight;
    size_t place; /* in the order of silence */
    struct aside *aside;
};

static int by_sender(const void *a, const void *b)
{
    const struct share *one = a, *other = b;
    int order = memcmp(&one->sender, &other->sender, sizeof one->sender);
    return order ? order : one->place < other->place ? -1 : 1;
}

/* Who sends is known with the last of the parameters, and looked for once it matters. */
static const struct uuid *sender_of(struct aside *aside)
{
    if (aside->request.variables && !aside->asked) {
        aside->sender = find_sender(aside->request.variables);
        aside->asked = true;
    }
    return &aside->sender;
}

/* The shares of those that have any, sender by sender. How many. */
static size_t list_shares(bool of_bytes, struct share shares[ASIDE_MAX])
{
    struct aside *aside;
    size_t n = 0;
    TAILQ_FOREACH(aside, &asides, entry)
    {
        if (!of_bytes || aside->bytes)
            shares[n] = (struct share){*sender_of(aside), of_bytes ? aside->bytes : 1, n, aside};
        n += !of_bytes || aside->bytes;
    }
    qsort(shares, n, sizeof *shares, by_sender);
    return n;
}

/* Of the sender that has most connections, or bytes, the most silent one; NULL for none. */
static struct aside *find_dispensable(bool of_bytes)
{
    NOT_ZEROED struct share shares[ASIDE_MAX];
    size_t n = list_shares(of_bytes, shares), most = 0, weight = 0;
    struct aside *first = NULL, *found = NULL;
    for (size_t i = 0; i < n; i++) {
        bool same = i && memcmp(&shares[i - 1].sender, &shares[i].sender, sizeof(struct uuid)) == 0;
        first = same ? first : shares[i].aside;
        weight = (same ? weight : 0) + shares[i].weight;
        if (weight > most) {
            most = weight;
            found = first;
        }
    }
    return found;
}

/* Gives up another one where there is no place for one more. */
static void make_place(void)
{
    if (count < ASIDE_MAX)
        return;
    log_warn(
        "more than %d connections wait; the most silent of whom most are is given up", ASIDE_MAX);
    drop(take_out(find_dispensable(false)));
}

/* Gives up others until there is room for so many bytes. */
static void make_room(size_t bytes)
{
    struct aside *holder;
    while (bytes && all_bytes + bytes > ASIDE_BYTES && (holder = find_dispensable(true))) {
        log_warn("requests and replies of more than %d bytes wait; the most silent peer of whom "
                 "most are is given up",
            ASIDE_BYTES);
        drop(take_out(holder));
    }
}

/* Counts the memory of a connection, which is made room for. */
static void weigh(struct aside *aside)
{
    all_bytes -= aside->bytes;
    aside->bytes = 0;
    size_t bytes = records_held(&aside->request) + aside->reply.cap;
    make_room(bytes);
    aside->bytes = bytes;
    all_bytes += bytes;
}

static void add(struct aside *aside, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = aside};
    aside->since_ms = aside->heard_ms = clock_mono_ms();
    pthread_mutex_lock(&lock);
    make_place();
    weigh(aside);
    if (atomic_fetch_add(&count, 1) == 0)
        set_timer(TICK_SECONDS);
    TAILQ_INSERT_TAIL(&asides, aside, entry);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, aside->connection, &event) < 0) {
        log_errno("cannot wait for a peer");
        drop(take_out(aside));
    }
    pthread_mutex_unlock(&lock);
}

/* Takes what has come of a request. A short piece is the last one for the moment. */
static enum records take(int connection, struct records_request *request)
{
    NOT_ZEROED uint8_t bytes[READ_BYTES];
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t n = recv(connection, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0)
            return records_end(request);
        if (records_read(request, span_of(bytes, (size_t)n)) != RECORDS_PART ||
            (size_t)n < sizeof bytes)
            break;
    }
    return request->is;
}

/* What becomes of a request that is no part. True when it can be answered. */
static bool is_arrival(const struct arrival *arrival)
{
    if (arrival->request.is != RECORDS_BAD)
        return true;
    drop(*arrival);
    return false;
}

bool aside_request(int connection, size_t body_most, struct arrival *ret_arrival)
{
    *ret_arrival = (struct arrival){connection, {.body_most = body_most}};
    if (take(connection, &ret_arrival->request) != RECORDS_PART)
        return is_arrival(ret_arrival);
    struct aside *aside = mem_alloc(sizeof *aside);
    aside->connection = connection;
    aside->request = ret_arrival->request;
    add(aside, EPOLLIN);
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

void aside_reply(struct arrival *arrival, struct buf *reply)
{
    size_t sent = 0;
    if (!send_some(arrival->connection, reply, &sent)) {
        drop(*arrival);
        buf_done(reply);
        return;
    }
    struct aside *aside = mem_alloc(sizeof *aside);
    *aside = (struct aside){arrival->connection, arrival->request, *reply, .sent = sent};
    add(aside, EPOLLOUT);
}

/* Has the peer been silent for too long, or slower than any that means it? */
static bool is_too_slow(const struct aside *aside, int64_t now_ms)
{
    struct transfer transfer = {
        aside->since_ms, aside->heard_ms, aside->reply.len ? aside->sent : aside->request.came};
    return !patience_left_ms(&patience, &transfer, now_ms);
}

static struct aside *find_slow(void)
{
    struct aside *aside = TAILQ_FIRST(&asides);
    int64_t now_ms = clock_mono_ms();
    while (aside && !is_too_slow(aside, now_ms))
        aside = TAILQ_NEXT(aside, entry);
    return aside;
}

/* Goes on with a connection whose peer has sent or taken something, or has gone. */
static bool go_on(struct aside *aside, struct arrival *ret_arrival)
{
    aside->heard_ms = clock_mono_ms();
    TAILQ_REMOVE(&asides, aside, entry);
    TAILQ_INSERT_TAIL(&asides, aside, entry);
    if (aside->reply.len) {
        if (!send_some(aside->connection, &aside->reply, &aside->sent))
            drop(take_out(aside));
        return false;
    }
    if (take(aside->connection, &aside->request) == RECORDS_PART) {
        weigh(aside);
        return false;
    }
    *ret_arrival = take_out(aside);
    return is_arrival(ret_arrival);
}

/* A process that was stopped for a while has not looked at what its peers did meanwhile. */
static bool has_moved(const struct aside *aside)
{
    struct pollfd peer = {.fd = aside->connection, .events = aside->reply.len ? POLLOUT : POLLIN};
    return poll(&peer, 1, 0) > 0;
}

/*
 * Sees to a tick: gives up a peer that is too slow. The timer, whose event stays until it is read,
 * is read when no such peer is left.
 */
static bool give_up(struct arrival *ret_arrival)
{
    struct aside *aside = find_slow();
    uint64_t ticks;
    if (!aside) {
        (void)!read(timer, &ticks, sizeof ticks);
        return false;
    }
    if (has_moved(aside))
        return go_on(aside, ret_arrival);
    bool awaits_request = !aside->reply.len;
    *ret_arrival = take_out(aside);
    if (!awaits_request) {
        drop(*ret_arrival);
        return false;
    }
    records_end(&ret_arrival->request);
    return is_arrival(ret_arrival);
}

bool aside_next(struct arrival *ret_arrival)
{
    bool found = false;
    struct epoll_event event;
    if (aside_is_empty())
        return false;
    pthread_mutex_lock(&lock);
    for (unsigned left = count + 1; left && !found && epoll_wait(epoll, &event, 1, 0) == 1; left--)
        found = event.data.ptr ? go_on(event.data.ptr, ret_arrival) : give_up(ret_arrival);
    pthread_mutex_unlock(&lock);
    return found;
}
