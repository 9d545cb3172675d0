#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H
/*
 * event - one accepted message: a CloudEvent 1.0 whose payload bytes are kept
 * exactly as received (CloudEvents 1.0.2, JSON format 1.0.2).
 *
 * All text is borrowed: from the request while an event is accepted, from the
 * stored record while one is read.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/json.h"

/* What the payload bytes are, which decides how they stand in the JSON format. */
enum event_data {
    EVENT_DATA_NONE,   /* no payload at all */
    EVENT_DATA_JSON,   /* one checked JSON value: member "data" */
    EVENT_DATA_TEXT,   /* text of another media type, as json_unescape gives it: "data", a string */
    EVENT_DATA_BINARY, /* anything else: member "data_base64" */
    EVENT_DATA_GONE,   /* there was one, or may have been; it is kept no longer */
    EVENT_DATA__MAX
};

/* Where an event comes from, which no sender decides. */
enum event_origin {
    EVENT_SENT, /* from outside, emitted by a step, or told by FX Bridge */
    EVENT_RUN,  /* of a run by hand: it has its execution, and no trigger gets it */
    EVENT_TICK, /* of a schedule, whose own trigger has its execution already */
    EVENT_ORIGIN__MAX
};

/* The door that an event came in by. */
enum event_door {
    DOOR_UNKNOWN, /* a record of version 2 does not say */
    DOOR_EVENTS,  /* POST /fx/events */
    DOOR_GENERIC, /* POST /fx/events/generic */
    DOOR_WEBHOOK, /* POST /fx/events/webhook */
    DOOR_EMIT,    /* a step has emitted it */
    DOOR_HAND,    /* a person: a run by hand, fxctl publish */
    DOOR_TICK,    /* a schedule */
    DOOR_FX,      /* FX Bridge itself tells of something (model/failure.h) */
    DOOR__MAX
};

struct event {
    uint64_t seq;       /* place in the log, from 1; set by the store */
    struct uuid cid;    /* of this event and all that follows from it */
    struct uuid parent; /* the execution that emitted it, or UUID_NONE */
    int64_t accepted_ms;
    uint16_t depth; /* 0: from outside; emitted: one more than the event it follows from */
    enum event_origin origin;
    enum event_data data_kind;
    enum event_door door;
    struct uuid credential; /* whose request brought it, or UUID_NONE */

    struct span id;     /* CloudEvents id; empty stands for the cid's text */
    struct span source; /* a URI reference */
    struct span type;
    struct span topic; /* empty stands for the type */
    struct span time;  /* as sent; empty stands for accepted_ms */
    struct span subject, datacontenttype, dataschema;
    struct span extensions; /* a JSON object of further attributes, or empty */
    struct span address;    /* of the sender: 4 bytes of IPv4, 16 of IPv6; empty: not kept */
    struct span headers;    /* of the request, those that are kept: a JSON object, or empty */
    struct span query;      /* likewise, members of its query */
    struct span data;       /* the payload bytes */
};

/* The topic that the event is published under. */
struct span event_topic(const struct event *event);

/* "webhook". NULL for DOOR_UNKNOWN. */
const char *event_door_name(enum event_door door);

/* False when no door has that name. */
bool event_door_parse(struct span name, enum event_door *ret_door);

/* "events, generic, …" for messages. */
const char *event_doors(void);

/*
 * Are source, type and topic of an event that somebody sends or emits as the contract wants
 * them? If not, false, and a sentence in ret_why that names the field by the given word
 * ("event_source", or "source" for a CloudEvent).
 */
bool event_check(
    const struct event *event, const char *source_word, const char *type_word, struct buf *ret_why);

/* Appends the stored form. The first byte is its version; schema/store.md has the layout. */
void event_encode(const struct event *event, struct buf *out);

/* Reads a stored form; text borrows from the record. ERR_CORRUPT when the record is damaged. */
enum err event_decode(struct span record, struct event *ret_event) MUST_CHECK;

/*
 * Write how the event came in, which no CloudEvent has: the members door, credential and address,
 * and beside them headers and query. null stands for what was not kept.
 */
void event_put_sender(const struct event *event, struct json_out *out);
void event_put_received(const struct event *event, struct json_out *out);

/*
 * Appends the event in the CloudEvents JSON format, `data` last, so that the
 * payload's bytes can be cut out. Adds the extension attributes correlationid,
 * causationid (the parent) and topic (where it is not the type).
 */
void event_format(const struct event *event, struct buf *out);

#endif
