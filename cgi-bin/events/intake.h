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
    bool unvouched;                      /* type, source and topic are in headers nobody signed */
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

/*
 * Gives the event that was added last an identity: the one or two texts that its sender knows it
 * by, and the sender's credential. `vouched`: who sent the request has also vouched for these
 * texts. Others, of a delivery that only a signature vouches for, have its body watched, or
 * replaced by it where the secret says so.
 */
void intake_identify(struct request *request, struct intake *intake, enum identity_kind kind,
    struct span a, struct span b, bool vouched);

/*
 * A name in the URL, as request_text reads it. Nobody signs the URL: where a signature alone
 * vouches for a request, a name in it counts for nothing unless the secret allows that.
 */
bool intake_name(struct request *request, const char *name, struct span *ret_value);

/* Checks, stores and replies: ends the request. */
void intake_finish(struct request *request, struct intake *intake);

#endif
