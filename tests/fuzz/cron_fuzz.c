/*
 * cron_fuzz - a line with a schedule, then a number of milliseconds. What is accepted comes up
 * at a whole minute after any time, or not within five years; and nothing lies in between.
 */
#include "tests/fuzz/fuzz.h"

#include "model/cron.h"

#define MINUTE_MS 60000
#define FIVE_YEARS_MS (INT64_C(5) * 366 * 86400 * 1000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size), text = cut(&rest, '\n');
    struct buf why = BUF_INIT;
    struct cron cron;
    uint32_t minutes = 0;
    memcpy(&minutes, rest.data, rest.len < sizeof minutes ? rest.len : sizeof minutes);
    int64_t after = (int64_t)(minutes & 0x3ffffff) * MINUTE_MS + 59999; /* until 2097 */
    bool good = cron_parse(text, &cron, &why);
    require(good == (why.len == 0));
    if (good) {
        int64_t next = cron_next_ms(&cron, after);
        require(
            next == -1 || (next > after && next % MINUTE_MS == 0 && next - after <= FIVE_YEARS_MS));
        require(next == -1 || cron_next_ms(&cron, next - 1) == next);
        require(next == -1 || cron_next_ms(&cron, after + (next - after) / 2) == next);
    }
    buf_done(&why);
    return 0;
}
