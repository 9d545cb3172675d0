/* waiters - see waiters.h. */
#include "cgi-bin/status/waiters.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/sender.h"
#include "web/serve.h"

/* Between two looks at the store's last commit, each for free; grows while nothing happens. */
#define STEP_MIN_US 500
#define STEP_MAX_US 20000
#define STEP_NEWS_US 5000 /* where somebody waits for what no commit tells of */

TAILQ_HEAD(waiters, waiter);

/* Those that nobody watches for yet, under the lock, and who tells the thread that watches. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct waiters fresh = TAILQ_HEAD_INITIALIZER(fresh);
static bool watched;
static int news = -1;

/* The rest is for the thread that watches. The one that has waited longest is the first. */
static struct waiters waiting = TAILQ_HEAD_INITIALIZER(waiting);
static size_t count;

static size_t count_of(const struct uuid *sender)
{
    const struct waiter *waiter;
    size_t same = 0;
    TAILQ_FOREACH(waiter, &waiting, entry)
    same += memcmp(&waiter->sender, sender, sizeof *sender) == 0;
    return same;
}

/* Of the sender that has most places, the one that has waited longest. */
static struct waiter *find_dispensable(void)
{
    struct waiter *waiter, *found = NULL;
    size_t most = 0;
    TAILQ_FOREACH(waiter, &waiting, entry)
    {
        size_t same = count_of(&waiter->sender);
        if (same > most) {
            most = same;
            found = waiter;
        }
    }
    return found;
}

static void look(struct waiter *waiter, bool last)
{
    struct waiter *next = TAILQ_NEXT(waiter, entry);
    log_context(waiter->request->id);
    TAILQ_REMOVE(&waiting, waiter, entry); /* an answered one is not there to be removed */
    if (waiter->look(waiter, last))
        count--;
    else if (next)
        TAILQ_INSERT_BEFORE(next, waiter, entry);
    else
        TAILQ_INSERT_TAIL(&waiting, waiter, entry);
}

/* Takes those in that have come. True when there are any. */
static bool take_fresh(void)
{
    struct waiter *waiter;
    bool any = false;
    pthread_mutex_lock(&lock);
    while ((waiter = TAILQ_FIRST(&fresh))) {
        TAILQ_REMOVE(&fresh, waiter, entry);
        TAILQ_INSERT_TAIL(&waiting, waiter, entry);
        count++;
        any = true;
    }
    watched = count > 0;
    pthread_mutex_unlock(&lock);
    return any;
}

/* Answers those for whom there is no place. */
static void make_room(void)
{
    const struct waiter *last = TAILQ_LAST(&waiting, waiters);
    while (last && count > (size_t)last->request->home->config.web_waits) {
        look(find_dispensable(), true);
        last = TAILQ_LAST(&waiting, waiters);
    }
}

/*
 * Waits for a step, for news, or until a client has left, which `peers` tells of each waiter in
 * their order; the last is for news.
 */
static void pause_for(struct pollfd *peers, unsigned us)
{
    const struct timespec step = {.tv_nsec = (long)us * 1000};
    struct waiter *waiter;
    struct pollfd *peer = peers;
    uint64_t times;
    TAILQ_FOREACH(waiter, &waiting, entry)
    *peer++ = request_peer(waiter->request);
    *peer = (struct pollfd){.fd = news, .events = POLLIN};
    if (ppoll(peers, count + 1, &step, NULL) < 0)
        for (size_t i = 0; i <= count; i++)
            peers[i].revents = 0;
    if (peer->revents)
        (void)!read(news, &times, sizeof times);
}

static bool has_news(const struct waiter *waiter)
{
    return store_last_commit(waiter->request->store) != waiter->seen ||
           (waiter->has_news && waiter->has_news(waiter));
}

/* Looks for all for whom there may be something. True when there was. */
static bool look_for_all(const struct pollfd *peers)
{
    struct waiter *waiter, *next;
    int64_t now_ms = clock_mono_ms();
    bool any = false;
    for (waiter = TAILQ_FIRST(&waiting); waiter; waiter = next, peers++) {
        bool last = peers->revents || now_ms >= waiter->until_ms || serve_is_stopping();
        bool some = has_news(waiter);
        next = TAILQ_NEXT(waiter, entry);
        if (last || some)
            look(waiter, last);
        any |= some;
    }
    return any;
}

static unsigned longest_step(void)
{
    const struct waiter *waiter;
    TAILQ_FOREACH(waiter, &waiting, entry)
    if (waiter->has_news)
        return STEP_NEWS_US;
    return STEP_MAX_US;
}

/* A round of looks may take long where there are many: as long a pause is for others. */
static unsigned next_step(unsigned step_us, int64_t took_us)
{
    unsigned longest = longest_step();
    unsigned grown = step_us < longest ? step_us + step_us / 4 : longest;
    return took_us > grown ? (took_us < STEP_MAX_US ? (unsigned)took_us : STEP_MAX_US) : grown;
}

/* Until nobody waits. Other threads serve meanwhile. */
static void watch(void)
{
    struct pollfd *peers = NULL;
    unsigned step_us = STEP_MIN_US;
    serve_block();
    for (;;) {
        if (take_fresh())
            step_us = STEP_MIN_US;
        make_room();
        if (!count)
            break;
        peers = mem_resize(peers, (count + 1) * sizeof *peers);
        pause_for(peers, step_us);
        int64_t start_us = clock_mono_us();
        bool any = look_for_all(peers);
        step_us = next_step(any ? STEP_MIN_US : step_us, clock_mono_us() - start_us);
    }
    free(peers);
}

static void open_news(void)
{
    if (news < 0)
        news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

bool waiters_read(struct request *request, int64_t *ret_wait_ms)
{
    const int64_t max = request->home->config.web_wait_seconds;
    struct span text;
    if (!request_text(request, "wait", &text))
        return false;
    const char *number = text.data ? (const char *)text.data : "0";
    char *end;
    double seconds = strtod(number, &end);
    /* strtod also takes white space or a sign before a number, and hexadecimal numbers. */
    bool good = *number && !*end && !strpbrk(number, "+xX \t\n\v\f\r") && seconds >= 0 &&
                seconds <= (double)max;
    if (good)
        *ret_wait_ms = (int64_t)(seconds * 1000);
    else
        reply_problem(request, 422, "wait: must be a number of seconds from 0 to %d.", (int)max);
    return good;
}

void waiters_add(struct waiter *waiter)
{
    const uint64_t one = 1;
    waiter->sender = sender_key(waiter->request);
    pthread_mutex_lock(&lock);
    open_news();
    TAILQ_INSERT_TAIL(&fresh, waiter, entry);
    bool first = !watched;
    watched = true;
    pthread_mutex_unlock(&lock);
    if (first)
        watch();
    else
        (void)!write(news, &one, sizeof one);
}
