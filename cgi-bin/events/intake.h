#ifndef EVENTS_INTAKE_H
#define EVENTS_INTAKE_H
/*
 * intake - from events that a request brought to events in the log, once each:
 * what the credential allows, repeats, the one transaction, the reply.
 */
#include "model/event.h"
#include "store/dedupe.h"
#include "web/request.h"

struct intake {
    struct event *events; /* text borrows from the request */
    size_t count, room;
    bool batch;                          /* the reply is an array */
    const char *source_word, *type_word; /* what the sender calls these fields, for messages */

    /* Identities: of the whole request (Idempotency-Key), or of each event. */
    bool whole;
    struct dedupe_key whole_key;
    struct dedupe_key *keys;
    bool *keyed;
    uint8_t body_digest[CRYPTO_SHA256];

    /* Results of the mutation. */
    struct accepted *accepted;
    size_t stored;    /* how many were new */
    struct buf types; /* text of the accepted types, where it comes from the store */
};

/* A request's intake, with room for so many events; it becomes the request's state. */
struct intake *intake_new(struct request *request, size_t room);

/* Room for the next event, with its cid and time set. NULL when there is none left. */
struct event *intake_add(struct intake *intake);

/* The event added last has this identity, beside which its sender is remembered: a delivery's id.
 */
void intake_identify(
    struct request *request, struct intake *intake, char kind, struct span a, struct span b);

/* Checks, stores and replies: ends the request. */
void intake_finish(struct request *request, struct intake *intake);

#endif
