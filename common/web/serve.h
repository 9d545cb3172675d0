#ifndef WEB_SERVE_H
#define WEB_SERVE_H
/*
 * serve - the main loop of every program of the suite.
 *
 * Descriptor 0 decides. A listening socket means FastCGI, served by threads until SIGTERM,
 * SIGINT or SIGUSR1 asks to stop; the requests at hand are finished first. Anything else means
 * plain CGI: one request, from the environment. Never returns.
 *
 * Exit status: 0 stopped in order; 100 something must be mended (no home, a
 * wrong setting, a TCP socket); 111 try again (the store cannot be used).
 */
#include <stdbool.h>

#include "web/request.h"

_Noreturn void serve_main(const struct program *program);

/*
 * To be called by whoever is about to wait for something, or to do what takes long. Few threads
 * serve at a time, since a thread that runs costs less than one that has to be woken; a thread
 * that waits makes place for another one. Calling it again does no harm.
 */
void serve_block(void);

/* True once the process has been asked to stop: for handlers that wait. */
bool serve_is_stopping(void);

#endif
