#ifndef EVENTS_IDENTITY_H
#define EVENTS_IDENTITY_H
/*
 * identity - what a request or an event is known by, so that who sends it again gets the first
 * answer; and its contents, so that nothing is dropped that only bears a name that was used.
 *
 * Senders and operators choose the names: a wrong header declared as a delivery's id gives many
 * deliveries one name. So other contents under a known name are
 *   for an Idempotency-Key   refused
 *   for a delivery's id      a new event, known by id and contents from then on
 *   for a CloudEvent         a repeat, since source and id alone name it (CloudEvents 1.0.2,
 *                            section 3.1.1)
 *   for a signed body        a repeat: what else differs was not signed
 *
 * The id of a delivery that is signed without its id may be anybody's: who has seen one delivery
 * can send it again under another id. So its body is watched, too.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "model/event.h"
#include "store/dedupe.h"

/* The kinds never meet: each is part of the stored key. */
enum identity_kind {
    IDENTITY_REQUEST = 'k',    /* an Idempotency-Key and the path */
    IDENTITY_CLOUDEVENT = 'c', /* its source and id */
    IDENTITY_DELIVERY = 'd',   /* the id of a webhook's delivery */
    IDENTITY_BODY = 'b',       /* the body of a webhook's delivery, as it was received */
};

struct identity {
    bool given;
    enum identity_kind kind;
    struct dedupe_key key;
    uint8_t contents[CRYPTO_SHA256];

    bool watched; /* the body is remembered, too */
    struct dedupe_key body;

    /* Results of identity_find. */
    bool differs;          /* the name came before, with other contents */
    bool again;            /* it is new, but the body that is watched came before */
    struct dedupe_key *as; /* what a new event is remembered by */

    /* The rest is this file's. */
    struct dedupe_key variant;       /* of a delivery's id together with the contents */
    uint8_t formerly[CRYPTO_SHA256]; /* what records hold for contents that they do not know */
};

/* A name of one text or two; the credential of who sends is part of it. */
struct identity identity_of(
    enum identity_kind kind, const struct uuid *credential, struct span a, struct span b);

/* The name that a body is: of what comes later under another name, it tells that. */
struct identity identity_of_body(const struct uuid *credential, struct span body);

/* Has the body of a delivery watched, whose id, if it has one, nobody signed. */
void identity_watch(struct identity *identity, const struct uuid *credential, struct span body);

/* The contents of an event: its names and its payload, in whatever form the event came. */
void identity_set_event(struct identity *identity, const struct event *event);

/* The contents of a request: its body, and those of the events that came of the body. */
void identity_set_request(
    struct identity *identity, struct span body, const struct identity *events, size_t count);

/*
 * Looks for the first answer, of `count` events; their types are copied to the arena.
 * ERR_NOTFOUND: it is new, and to be remembered under identity->as. ERR_CONFLICT: refused.
 */
enum err identity_find(struct store_txn *txn, struct identity *identity, struct arena *arena,
    struct accepted *ret_accepted, size_t count) MUST_CHECK;

/* Remembers the first answer for so long. */
enum err identity_remember(struct store_txn *txn, const struct identity *identity, int64_t keep_ms,
    const struct accepted *accepted, size_t count) MUST_CHECK;

#endif
