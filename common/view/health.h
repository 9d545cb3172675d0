#ifndef VIEW_HEALTH_H
#define VIEW_HEALTH_H
/*
 * health - does a home take events in, and does it run what they start? Where it does not: what is
 * wrong, and what to do.
 */
#include "base/json.h"
#include "home/home.h"
#include "store/store.h"

/*
 * HEALTH_CHECK(constant, name, word): what is looked at, and the word for a home where that is
 * bad.
 */
#define HEALTH_CHECKS(HEALTH_CHECK) \
    HEALTH_CHECK(STORE, "store", "broken") \
    HEALTH_CHECK(ROOM, "room", "full") \
    HEALTH_CHECK(INTAKE, "intake", "paused") \
    HEALTH_CHECK(DISPATCHER, "dispatcher", "stopped") \
    HEALTH_CHECK(PAUSES, "pauses", "paused") \
    HEALTH_CHECK(WAITING, "waiting", "late")

enum health_check {
#define HEALTH_CHECK(constant, name, word) HEALTH_##constant,
    HEALTH_CHECKS(HEALTH_CHECK)
#undef HEALTH_CHECK
        HEALTH__MAX
};

/* What a check has found. Both are sentences; there is a remedy where something is bad. */
struct health_finding {
    bool bad;
    struct buf reason, remedy;
};

struct health {
    struct health_finding findings[HEALTH__MAX];
    struct store_room room;
    int64_t waiting_ms; /* how long the oldest has waited that ought to run; 0: nothing waits */
};

/*
 * Looks at a home and its open store (NULL: it cannot be opened). What cannot be found out is a
 * finding. Commits that have failed are known to a process that has called stats_open.
 * health_done frees what was found.
 */
void health_look(struct store *store, const struct home *home, struct health *ret_health);
void health_done(struct health *health);

const char *health_name(enum health_check check);

/* "ready", or the word of the first check that is bad. */
const char *health_word(const struct health *health);

/* Writes {"status": WORD, "checks": [{"name", "good", "reason", "remedy"}]}. */
void health_print(const struct health *health, struct json_out *out);

#endif
