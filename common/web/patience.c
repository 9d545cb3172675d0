/* patience - see patience.h. */
#include "web/patience.h"

int64_t patience_left_ms(
    const struct patience *patience, const struct transfer *transfer, int64_t now_ms)
{
    int64_t timeout_ms = patience->timeout_seconds * 1000, least = patience->least_bytes_per_second;
    int64_t silent_until_ms = transfer->heard_ms + timeout_ms, until_ms = silent_until_ms;
    if (least)
        until_ms = transfer->since_ms + timeout_ms + (int64_t)transfer->bytes * 1000 / least;
    if (silent_until_ms < until_ms)
        until_ms = silent_until_ms;
    return until_ms > now_ms ? until_ms - now_ms : 0;
}
