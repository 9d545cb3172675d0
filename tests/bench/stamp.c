/*
 * stamp - a step that saves when it was started, as data.at: microseconds of the
 * wall clock. Linked statically, so that little happens before its first line.
 */
#include <stdio.h>
#include <time.h>

int main(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    long long at = now.tv_sec * 1000000LL + now.tv_nsec / 1000;
    return dprintf(3, "{\"save\":{\"at\":%lld}}\n", at) < 0;
}
