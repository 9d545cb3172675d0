#ifndef DISPATCHER_SUCCESSOR_H
#define DISPATCHER_SUCCESSOR_H
/*
 * successor - a dispatcher makes way for the fx-dispatcher that has been installed in its place,
 * which fits the runners that were installed with it. Nobody has to start that: it goes on in the
 * same process.
 */
#include <stdbool.h>

/* Remembers where this program is, before another one can take its place. */
void successor_note(void);

/* Is there another program in that place? */
bool successor_is_there(void);

/* Goes on as that program, with the same arguments. Returns where it cannot be started; logged. */
void successor_begin(char **argv);

#endif
