#ifndef WEB_SLOTS_H
#define WEB_SLOTS_H
/*
 * slots - which of the threads serve. Few do at a time, since one that is running costs
 * less than one that has to be woken: a thread serves while it has a slot, and gives the
 * slot up before it waits for something that may take long. Then another thread serves,
 * which is started where none is waiting for a slot.
 */
#include <stdbool.h>
#include <stdint.h>

#define SLOTS_MAX 2

/*
 * Once. Starts a thread for each slot, and never more than `most` threads. A thread runs
 * `serve`, without a slot yet, and ends with it.
 */
void slots_open(int count, int64_t most, void (*serve)(void));

/* The number of the slot that this thread has, from 0; -1 for none. */
int slots_mine(void);

/* Waits for a slot. False when there is none and threads are to end. */
bool slots_take(void);

/* Gives up the slot that this thread has. */
void slots_give(void);

/* Threads are to end. Returns when all have. */
void slots_close(void);

#endif
