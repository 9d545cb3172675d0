/*
 * stamp - a step that saves when it was started, as data.at: microseconds of the
 * wall clock. Linked statically, so that little happens before its first line.
 * Ends HOLD_MS milliseconds later, where the environment has that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    long long at = now.tv_sec * 1000000LL + now.tv_nsec / 1000;
    const char *hold = getenv("HOLD_MS");
    int failed = dprintf(3, "{\"save\":{\"at\":%lld}}\n", at) < 0;
    if (hold)
        usleep((useconds_t)strtoul(hold, NULL, 10) * 1000);
    return failed;
}
