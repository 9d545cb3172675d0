#ifndef EVENTS_INTAKE_H
#define EVENTS_INTAKE_H
/*
 * intake - from the events that a request brings to events in the log, once each: what the
 * credential allows, repeats, the one transaction, the reply.
 */
#include "cgi-bin/events/identity.h"
#include "model/event.h"
#include "web/request.h"

struct intake {
    struct event *events; /* text borrows from the request */
    size_t count, room;
    bool batch;                          /* the reply is an array */
    const char *source_word, *type_word; /* what the sender calls these fields, for messages */

    struct identity whole;       /* of the request: its Idempotency-Key */
    struct identity *identities; /* of each event */

    /* Results of the mutation. */
    struct accepted *accepted;
    size_t stored; /* how many events were new */
};

/* A request's intake, with room for so many events; it becomes the request's state. */
struct intake *intake_new(struct request *request, size_t room);

/* Adds an event as it was read, and sets its cid and time. There must be room. */
void intake_add(struct intake *intake, const struct event *event);

/* Gives the event that was added last an identity: the one or two texts that its sender knows it
 * by, and the sender's credential. */
void intake_identify(struct request *request, struct intake *intake, enum identity_kind kind,
    struct span a, struct span b);

/* Checks, stores and replies: ends the request. */
void intake_finish(struct request *request, struct intake *intake);

#endif
