#ifndef DISPATCHER_LOOP_H
#define DISPATCHER_LOOP_H
/*
 * loop - waits for something to happen, then takes a turn, until the dispatcher ends.
 */
struct dispatcher;

/* Runs until a signal, and then until the executions that run have ended. The exit status. */
int loop_run(struct dispatcher *d);

#endif
