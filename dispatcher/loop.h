#ifndef DISPATCHER_LOOP_H
#define DISPATCHER_LOOP_H
/*
 * loop - waits for something to happen, then takes a turn, until the dispatcher ends.
 */
struct dispatcher;

/* Until a signal, and then until the running executions have ended. The exit status. */
int loop_run(struct dispatcher *d);

#endif
