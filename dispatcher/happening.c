/* happening - see happening.h. */
#include "dispatcher/happening.h"

#include <stdlib.h>

#include "dispatcher/service.h"

struct happening *happening_add(struct happenings *happenings, enum happening_kind kind,
    struct service *service, const struct job *job)
{
    struct happening *h = mem_alloc(sizeof *h);
    h->kind = kind;
    h->service = service;
    h->execution = job->execution;
    h->attempt = job->attempt;
    if (happenings->last)
        happenings->last->next = h;
    else
        happenings->first = h;
    happenings->last = h;
    return h;
}

void happening_forget_all(struct happenings *happenings)
{
    for (struct happening *h = happenings->first, *next; h; h = next) {
        next = h->next;
        buf_done(&h->outcome);
        free(h);
    }
    *happenings = (struct happenings){NULL, NULL};
}
