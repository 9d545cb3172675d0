/* meter - see meter.h. */
#include "home/meter.h"

#include <stdatomic.h>
#include <string.h>

#include "base/siphash.h"
#include "home/shared.h"

#define SLOTS 4096 /* of a table; a power of two */
#define PROBES 16  /* slots looked at for a key */

/*
 * A free slot is zero. Where two processes take the same slot at once, one of the two
 * keys is in it afterwards: the rate of the other is forgotten, which is harmless.
 */
struct slot {
    _Atomic uint64_t high, low; /* the key */
    _Atomic int64_t full_us;    /* wall clock: when the allowance is full again */
    _Atomic int64_t used_ms;    /* wall clock: when the key was last used */
};

struct meter {
    struct slot tables[METER__MAX][SLOTS];
    _Atomic uint64_t secret[2]; /* places keys in the tables; a half that is 0 is not made yet */
};

static struct shared file = {.name = "run/meters", .what = "rates", .bytes = sizeof(struct meter)};

struct meter *meter_open(const struct home *home)
{
    return shared_open(&file, home);
}

/*
 * Whoever finds no secret makes it; of several at once all go by the first. The file may be
 * emptied at any time, so the secret is looked at anew each time.
 */
static uint64_t secret_half(struct meter *meter, size_t i)
{
    uint64_t there = meter->secret[i], made;
    if (there)
        return there;
    random_bytes(&made, sizeof made);
    made |= !made;
    return atomic_compare_exchange_strong(&meter->secret[i], &there, made) ? made : there;
}

struct place {
    struct slot *table;
    size_t first; /* slot that is looked at */
    uint64_t high, low;
};

static struct place place_of(struct meter *meter, enum meter_table table, const struct uuid *key)
{
    const uint64_t secret[2] = {secret_half(meter, 0), secret_half(meter, 1)};
    struct place place = {
        .table = meter->tables[table], .first = (size_t)siphash(secret, table, uuid_span(key))};
    memcpy(&place.high, key->bytes, 8);
    memcpy(&place.low, key->bytes + 8, 8);
    if (!place.high && !place.low)
        place.low = 1;
    return place;
}

static struct slot *nth(const struct place *place, size_t i)
{
    return &place->table[(place->first + i) & (SLOTS - 1)];
}

static struct slot *find(const struct place *place)
{
    for (size_t i = 0; i < PROBES; i++) {
        struct slot *slot = nth(place, i);
        if (slot->high == place->high && slot->low == place->low)
            return slot;
    }
    return NULL;
}

/* The slot that has been unused longest, of those whose allowance is full. NULL: all are in use. */
static struct slot *spare(const struct place *place, int64_t now_us)
{
    struct slot *best = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct slot *slot = nth(place, i);
        if (slot->full_us <= now_us && (!best || slot->used_ms < best->used_ms))
            best = slot;
    }
    return best;
}

/* The key's slot. A key without one gets a spare one; NULL where there is none. */
static struct slot *find_or_take(const struct place *place, int64_t now_us)
{
    struct slot *slot = find(place);
    if (slot || !(slot = spare(place, now_us)))
        return slot;
    slot->high = place->high;
    slot->low = place->low;
    slot->full_us = 0;
    slot->used_ms = now_us / 1000;
    return slot;
}

/* Takes one from the key's allowance, or only looks whether one is there. */
static bool take(struct meter *meter, enum meter_table table, const struct uuid *key,
    const struct rate *rate, int64_t now_ms, bool really, int64_t *ret_wait_ms)
{
    *ret_wait_ms = 0;
    if (!meter || rate->per_second <= 0)
        return true;
    shared_tell_loss(&file);
    int64_t now = now_ms * 1000, one = (int64_t)(1e6 / rate->per_second);
    int64_t room = (int64_t)(1e6 / rate->per_second * (rate->burst < 1 ? 1 : rate->burst));
    struct place place = place_of(meter, table, key);
    struct slot *slot = really ? find_or_take(&place, now) : find(&place);
    if (!slot)
        return true;
    int64_t full = slot->full_us;
    for (;;) {
        /* After the clock was set back a key waits no longer than its whole allowance takes. */
        int64_t from = full < now || full > now + room ? now : full;
        int64_t next = from + one;
        if (next > now + room) {
            *ret_wait_ms = (next - now - room) / 1000 + 1;
            return false;
        }
        if (!really || atomic_compare_exchange_weak(&slot->full_us, &full, next))
            return true;
    }
}

bool meter_take(struct meter *meter, enum meter_table table, const struct uuid *key,
    const struct rate *rate, int64_t now_ms, int64_t *ret_wait_ms)
{
    return take(meter, table, key, rate, now_ms, true, ret_wait_ms);
}

bool meter_has(struct meter *meter, enum meter_table table, const struct uuid *key,
    const struct rate *rate, int64_t now_ms, int64_t *ret_wait_ms)
{
    return take(meter, table, key, rate, now_ms, false, ret_wait_ms);
}

void meter_touch(struct meter *meter, const struct uuid *credential, int64_t now_ms)
{
    if (!meter)
        return;
    struct place place = place_of(meter, METER_CREDENTIALS, credential);
    struct slot *slot = find_or_take(&place, now_ms * 1000);
    if (slot)
        slot->used_ms = now_ms;
}

int64_t meter_last_use_ms(struct meter *meter, const struct uuid *credential)
{
    if (!meter)
        return 0;
    struct place place = place_of(meter, METER_CREDENTIALS, credential);
    const struct slot *slot = find(&place);
    return slot ? slot->used_ms : 0;
}
