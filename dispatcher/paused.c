/* paused - see paused.h. */
#include "dispatcher/paused.h"

#include "dispatcher/dispatcher.h"
#include "dispatcher/service.h"
#include "store/pauses.h"

/* Where nothing is paused, which is nearly always so, no service is looked up. */
enum err paused_look(struct dispatcher *d, struct store_txn *txn)
{
    uint64_t pauses;
    enum err err = store_entries(txn, TABLE_PAUSES, &pauses);
    for (struct service *s = d->services; s && !err; s = s->next) {
        s->plan.paused = false;
        if (pauses)
            err = pauses_hold(txn, span_str(s->pipeline_id ? s->pipeline_id : ""), &s->plan.paused);
    }
    return err;
}
