#ifndef BASE_FLOOD_H
#define BASE_FLOOD_H
/*
 * flood - how many lines of one kind a process may log. What a stranger can cause by the
 * thousand would otherwise push all else out of the log. The caller holds a lock.
 */
#include <stdbool.h>
#include <stdint.h>

#define FLOOD_BURST 200     /* lines of a kind at once */
#define FLOOD_PER_SECOND 10 /* that come back */
#define FLOOD_TOLD_MS 10000 /* between two words about lines of a kind that were left out */

/* May a line of this kind be written? A kind is a format, whose address tells it apart. */
bool flood_take(const char *kind, int64_t now_ms);

/*
 * How many lines of some kind were left out, if it is time to tell; 0: nothing is to be told.
 * The next call goes on with other kinds.
 */
unsigned flood_left_out(int64_t now_ms, const char **ret_kind);

#endif
