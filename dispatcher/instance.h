#ifndef DISPATCHER_INSTANCE_H
#define DISPATCHER_INSTANCE_H
/*
 * instance - runner processes: starting, retiring, minding and reaping them. No turn.
 */
#include <stdint.h>

struct dispatcher;
struct instance;
struct service;

struct instance *instance_start(struct dispatcher *d, struct service *service); /* NULL: logged */

/* How many runners of a service are not leaving. */
uint32_t instance_staying(const struct service *service);

/* Hangs up, whereupon the runner ends. All of its jobs are lost. */
void instance_retire(struct dispatcher *d, struct instance *instance);

/* The socket can be read or written, or has closed (epoll's events). */
void instance_on_socket(struct dispatcher *d, struct instance *instance, uint32_t events);

/* A child of this process has ended (SIGCHLD). */
void instance_on_children(struct dispatcher *d);

/*
 * Retires runners that have been idle too long, recalls jobs that are held up, kills runners
 * that hang, starts runners that scale.min wants. Returns when to look again, monotonic.
 */
int64_t instance_tend(struct dispatcher *d);

#endif
