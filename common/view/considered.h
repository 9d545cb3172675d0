#ifndef VIEW_CONSIDERED_H
#define VIEW_CONSIDERED_H
/*
 * considered - the triggers that events are judged by: of each pipeline the generation that was
 * live when an event was accepted, else what there is to be said instead.
 */
#include "base/arena.h"
#include "model/event.h"
#include "model/pipeline.h"
#include "model/trigger.h"
#include "store/store.h"

#define CONSIDERED_IDLE_MAX 2000 /* pipelines without a started trigger that are looked at */

/* A trigger, with the definition of its version once somebody has asked for the definition. */
struct considered {
    struct trigger trigger;
    bool past; /* the dispatcher is done with it */
    bool idle; /* none is started: the pipeline, and what it would listen to; no generation */
    struct pipeline *pipeline; /* NULL: not asked for, or deleted */
    bool looked;
};

struct considered_list {
    struct considered *items; /* by pipeline and generation, an idle one last */
    size_t count;
    size_t pipelines; /* those that have a trigger, or had one */
    struct arena arena;
};

/*
 * Reads all that there are and, as far as the store knows them, were. Text borrows from the
 * transaction and the list. considered_done is called in either case.
 */
enum err considered_read(struct store_txn *txn, struct considered_list *list) MUST_CHECK;
void considered_done(struct considered_list *list);

/*
 * Is the item one to tell of for the event? Of a pipeline with a live trigger these are the
 * generation that was live at the time, and the live one where it may have been given older
 * events, or where none was live. Of another pipeline it is the one that was live, else the last
 * one, where the dispatcher is not done with it or its topic is the event's; else, where the
 * pipeline would listen to that, that none is started.
 */
bool considered_tells(const struct considered_list *list, size_t i, const struct event *event);

#endif
