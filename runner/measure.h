#ifndef RUNNER_MEASURE_H
#define RUNNER_MEASURE_H
/*
 * measure - how much of the disk a directory holds that a script writes in.
 *
 * Counted is what can be seen: not what a script keeps open after it has removed it, nor what
 * lies in a directory whose rights it has taken away, on another file system, or more than 64
 * directories deep. So this finds what grows by mistake, not what hides.
 */
#include <stdbool.h>
#include <stdint.h>

#define MEASURE_ENTRY 4096 /* bytes that each entry counts as at least */

/*
 * Does the open directory hold more than so many bytes? What each entry counts as at least also
 * bounds how many are looked at; a file with several names counts a part under each.
 */
bool measure_exceeds(int fd, int64_t bytes);

#endif
