#ifndef HOME_METER_H
#define HOME_METER_H
/*
 * meter - rates that all programs of a home share, and when a key was last used,
 * in a small mapped file (run/meters): no commit, no lock, no waiting.
 *
 * A rate is kept as the generic cell rate algorithm keeps it: one number a key, the
 * time at which the key's allowance is full again. The file is a cache: a slot whose
 * allowance is full may be given to another key, and losing the file forgets what was
 * used, and no more.
 *
 * Whoever sends from many addresses cannot make the meter forget anybody: credentials and
 * senders have tables of their own, a slot is not given away before its allowance is full, and
 * a random secret of the file decides which keys share slots. A key that finds no slot is not
 * limited meanwhile.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "home/home.h"

struct meter; /* the mapped file */

enum meter_table { METER_CREDENTIALS, METER_SENDERS, METER__MAX };

struct rate {
    double per_second; /* how much comes back; 0 or less: no limit */
    double burst;      /* how much may be used at once, at least 1 */
};

/* Opens the file (home/shared.h), once in a process. NULL, logged: nothing is limited. */
struct meter *meter_open(const struct home *home);

/*
 * Takes one from the allowance of the key. False when the allowance is used up:
 * *ret_wait_ms says how long it takes until one has come back. A NULL meter limits
 * nothing. Thread-safe.
 */
bool meter_take(struct meter *meter, enum meter_table table, const struct uuid *key,
    const struct rate *rate, int64_t now_ms, int64_t *ret_wait_ms);

/* Would meter_take succeed? Takes nothing. */
bool meter_has(struct meter *meter, enum meter_table table, const struct uuid *key,
    const struct rate *rate, int64_t now_ms, int64_t *ret_wait_ms);

/* Notes that the credential was used; tells when it last was, 0 where that is not known. */
void meter_touch(struct meter *meter, const struct uuid *credential, int64_t now_ms);
int64_t meter_last_use_ms(struct meter *meter, const struct uuid *credential);

#endif
