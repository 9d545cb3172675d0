/* retry - see retry.h. */
#include "model/retry.h"

bool retry_allowed(const struct retry *retry, uint32_t failures)
{
    return failures <= retry->limit;
}

/* min(delay * 2^(failures - 1), max_delay), without ever overflowing. */
static int64_t longest_ms(const struct retry *retry, uint32_t failures)
{
    int64_t delay = retry->delay_ms;
    if (delay <= 0)
        return 0;
    for (uint32_t i = 1; i < failures; i++) {
        if (delay > retry->max_delay_ms / 2)
            return retry->max_delay_ms;
        delay *= 2;
    }
    return delay < retry->max_delay_ms ? delay : retry->max_delay_ms;
}

int64_t retry_backoff_ms(const struct retry *retry, uint32_t failures, uint64_t random)
{
    uint64_t choices = (uint64_t)longest_ms(retry, failures) + 1;
    /* A day has fewer than 2^27 milliseconds: the remainder of 64 random bits is spread evenly. */
    return (int64_t)(random % choices);
}
