/* ahead - see ahead.h. */
#include "dispatcher/ahead.h"

#include <poll.h>

#include "dispatcher/service.h"
#include "proc/frame.h"

#define PACE_MAX_US (4 * AHEAD_US) /* a job that takes longer counts as one of this length */
#define PACE_WEIGHT 8              /* the last job is one part in so many of the pace */

uint32_t ahead_window(const struct service *service)
{
    int64_t most = service->plan.ordered ? 1 : AHEAD_US / (service->pace_us + 1);
    return most < 1 ? 1 : most > JOBS_MAX ? JOBS_MAX : (uint32_t)most;
}

uint32_t ahead_room(const struct instance *instance)
{
    uint32_t most = ahead_window(instance->service), has = (uint32_t)instance->job_count;
    bool takes = instance->state != INSTANCE_LEAVING && !instance->recalled;
    return takes && has < most ? most - has : 0;
}

void ahead_learn(struct service *service, int64_t took_us)
{
    if (took_us > PACE_MAX_US)
        took_us = PACE_MAX_US;
    service->pace_us += (took_us - service->pace_us) / PACE_WEIGHT;
}

void ahead_slow_down(struct service *service)
{
    service->pace_us = PACE_MAX_US;
}

/* Has the runner said something that is not read yet, because a commit went by? */
static bool has_news(const struct instance *i)
{
    struct pollfd fd = {.fd = i->fd, .events = POLLIN};
    return poll(&fd, 1, 0) > 0;
}

bool ahead_is_late(const struct instance *i, int64_t now_ms, int64_t *ret_next_ms)
{
    int64_t late_ms = i->began_us / 1000 + AHEAD_HANG_MS;
    if (i->job_count < 2 || i->recalled)
        return false;
    if (late_ms <= now_ms && !has_news(i))
        return true;
    if (late_ms < *ret_next_ms)
        *ret_next_ms = late_ms;
    return false;
}

bool ahead_recall(struct instance *instance)
{
    if (instance->recalled)
        return false;
    instance->recalled = true;
    frame_put_recall(&instance->out);
    return true;
}
