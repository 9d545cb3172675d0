#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H
/*
 * commit - the queue of mutations that share commits; what is done with it is in store.h.
 */
struct commit_queue;

void commit_queue_init(struct commit_queue *queue);
void commit_queue_done(struct commit_queue *queue);

#endif
