#ifndef WEB_SLOTS_H
#define WEB_SLOTS_H
/*
 * slots - which of the threads serve. Few threads do at a time, since a thread that runs costs
 * less than one that has to be woken. A thread serves while it has a slot, and gives the slot up
 * before it waits for something that may take long. Then another thread serves, which is
 * started where none waits for a slot.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define SLOTS_MAX 2

/*
 * Called once. Starts a thread for each slot, and never more than `most` threads. A thread begins
 * without a slot, runs `serve`, and ends with that. Where a thread is lacking that the system did
 * not let start, the process gets SLOTS_LACKING, and somebody is to call slots_start.
 */
#define SLOTS_LACKING SIGUSR2
void slots_open(int count, int64_t most, void (*serve)(void));

/* Tries to start the threads that are lacking. False where one still is. */
bool slots_start(void);

/* The number of the slot that this thread has, from 0; -1 for none. */
int slots_mine(void);

/* Waits for a slot. False when none is free and threads are to end. */
bool slots_take(void);

/* Gives up the slot that this thread has. */
void slots_give(void);

/* Has all threads end, and returns when they have ended. */
void slots_close(void);

#endif
