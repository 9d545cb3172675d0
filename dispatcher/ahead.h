#ifndef DISPATCHER_AHEAD_H
#define DISPATCHER_AHEAD_H
/*
 * ahead - how many jobs a runner is given before it has ended those it has.
 *
 * A runner with one job at a time waits for a commit between two of them, which takes longer
 * than many a job. Where the jobs of a service take no time, a runner is therefore given as
 * many as take AHEAD_US at the pace of the last ones. When one of them then takes longer than
 * AHEAD_HANG_MS, those behind it are recalled: the runner gives back what it has not begun,
 * which becomes pending again for any runner, with no attempt counted.
 */
#include <stdbool.h>
#include <stdint.h>

struct instance;
struct service;

#define AHEAD_US 10000
#define AHEAD_HANG_MS 50
/* Bytes of jobs that a service may get in a turn, and that a runner may not have taken yet. */
#define AHEAD_BYTES (4u << 20)

/* How many jobs a runner of the service may have at a time: 1 to JOBS_MAX. */
uint32_t ahead_window(const struct service *service);

/* How many more jobs a runner may be given. */
uint32_t ahead_room(const struct instance *instance);

/* Learns that a job of the service has taken so long. */
void ahead_learn(struct service *service, int64_t took_us);

/* A job of the service holds up others: until many have been quick, no runner gets any ahead. */
void ahead_slow_down(struct service *service);

/*
 * Does the first job of a runner hold up the others, so that they are to be recalled? If it may
 * do so later, *ret_next_ms is lowered to that time (monotonic).
 */
bool ahead_is_late(const struct instance *instance, int64_t now_ms, int64_t *ret_next_ms);

/* Puts a frame that asks for the jobs behind the first. False when they are asked for already. */
bool ahead_recall(struct instance *instance);

#endif
