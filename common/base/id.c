/*
 * id - UUID version 7, and random bytes.
 *
 * The random part of an id comes from a pool of each thread, so that an id does
 * not cost a system call. A fork would give both processes the same pool; the
 * child therefore starts with an empty one.
 */
#include "base/id.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/log.h"

#define COUNTER_BITS 12
#define COUNTER_MASK 0xfffu
#define COUNTER_START_MASK 0x7ffu /* leaves half of the counter to count in */

static _Thread_local struct {
    uint8_t bytes[512];
    size_t left; /* unused bytes, at the end */
} pool;

static pthread_once_t pool_once = PTHREAD_ONCE_INIT;

/* Milliseconds and counter of the last id made, as one number that only grows. */
static _Atomic uint64_t last_tick;

void random_bytes(void *buffer, size_t len)
{
    uint8_t *at = buffer;
    while (len) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            log_die(EXIT_FIX, "the kernel gives no random bytes: %s", strerror(errno));
        at += n;
        len -= (size_t)n;
    }
}

static void pool_empty(void)
{
    pool.left = 0;
}

static void pool_watch_fork(void)
{
    if (pthread_atfork(NULL, NULL, pool_empty) != 0)
        log_die(EXIT_RETRY, "cannot watch for forks");
}

static void pool_take(void *buffer, size_t len)
{
    if (pool.left < len) {
        pthread_once(&pool_once, pool_watch_fork);
        random_bytes(pool.bytes, sizeof pool.bytes);
        pool.left = sizeof pool.bytes;
    }
    memcpy(buffer, pool.bytes + sizeof pool.bytes - pool.left, len);
    pool.left -= len;
}

/*
 * Makes a tick later than all before. A new millisecond starts the counter at a
 * random place; within a millisecond, or when the clock stepped back, the counter
 * counts on. A counter that overflows carries into the milliseconds, which then run
 * ahead of the clock until the clock catches up (RFC 9562, section 6.2).
 */
static uint64_t next_tick(uint16_t start)
{
    uint64_t fresh = (uint64_t)clock_wall_ms() << COUNTER_BITS | (start & COUNTER_START_MASK);
    uint64_t last = atomic_load(&last_tick), next;
    do {
        bool same_ms = fresh >> COUNTER_BITS <= last >> COUNTER_BITS;
        next = same_ms ? last + 1 : fresh;
    } while (!atomic_compare_exchange_weak(&last_tick, &last, next));
    return next;
}

struct uuid uuid_new(void)
{
    struct {
        uint64_t random;
        uint16_t start;
    } fill;
    pool_take(&fill.random, sizeof fill.random);
    pool_take(&fill.start, sizeof fill.start);
    uint64_t tick = next_tick(fill.start);
    return uuid_make((int64_t)(tick >> COUNTER_BITS), tick & COUNTER_MASK, fill.random);
}

struct uuid uuid_make(int64_t unix_ms, uint16_t counter, uint64_t random)
{
    struct uuid id;
    uint64_t high = (uint64_t)unix_ms << 16 | 0x7000u | (counter & COUNTER_MASK);
    uint64_t low = UINT64_C(2) << 62 | (random & (UINT64_MAX >> 2));
    for (unsigned i = 0; i < 8; i++) {
        id.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        id.bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    return id;
}

struct uuid uuid_floor(int64_t unix_ms)
{
    return uuid_make(unix_ms, 0, 0);
}

int64_t uuid_ms(const struct uuid *id)
{
    int64_t ms = 0;
    for (size_t i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    return ms;
}

bool uuid_is_none(const struct uuid *id)
{
    return uuid_eq(id, &UUID_NONE);
}

bool uuid_eq(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

struct span uuid_span(const struct uuid *id)
{
    return span_of(id->bytes, sizeof id->bytes);
}

/* Does a hyphen stand before the digits of byte i (8-4-4-4-12 digits)? */
static bool hyphen_before(unsigned i)
{
    return i == 4 || i == 6 || i == 8 || i == 10;
}

void uuid_format(const struct uuid *id, char ret_text[UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *out = ret_text;
    for (unsigned i = 0; i < sizeof id->bytes; i++) {
        if (hyphen_before(i))
            *out++ = '-';
        *out++ = digits[id->bytes[i] >> 4];
        *out++ = digits[id->bytes[i] & 15];
    }
    *out = 0;
}

bool uuid_parse(struct span text, struct uuid *ret_id)
{
    const uint8_t *at = text.data;
    struct uuid id;
    if (text.len != UUID_TEXT - 1)
        return false;
    for (unsigned i = 0; i < sizeof id.bytes; i++) {
        if (hyphen_before(i) && *at++ != '-')
            return false;
        int high = ascii_hex(*at++), low = ascii_hex(*at++);
        if (high < 0 || low < 0)
            return false;
        id.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_id = id;
    return true;
}
