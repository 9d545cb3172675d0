#ifndef MODEL_CLOUDEVENT_H
#define MODEL_CLOUDEVENT_H
/*
 * cloudevent - from what came over HTTP to an event: CloudEvents 1.0.2 with its
 * HTTP protocol binding 1.0.2 (sections 3.1 to 3.3) and JSON event format 1.0.2.
 *
 * Pure: headers come through an array. The event's text borrows from the headers and
 * the body, and from an arena where a text had to be decoded.
 *
 * The readers check what the specification asks of a sender's attributes; event_check
 * has what the bridge asks of source, type and topic. The rest of an event (cid, parent,
 * accepted_ms, …) is left zero for the caller to set.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "model/event.h"

enum cloudevent_mode {
    CLOUDEVENT_NONE,        /* not a CloudEvent */
    CLOUDEVENT_BINARY,      /* ce-* headers */
    CLOUDEVENT_STRUCTURED,  /* application/cloudevents+json */
    CLOUDEVENT_BATCH,       /* application/cloudevents-batch+json */
    CLOUDEVENT_UNSUPPORTED, /* application/cloudevents+avro and the like: 415 */
};

/* The mode, by Content-Type (in any case, with parameters) and by whether ce-specversion came. */
enum cloudevent_mode cloudevent_mode(struct span content_type, bool has_specversion);

/* Whose what is in an event in the JSON format, and in an array of such: the data is foreign. */
extern const struct json_rules cloudevent_rules, cloudevent_batch_rules;

/*
 * Reads one event in the JSON format: the checked text of an object. Unknown
 * attributes are kept as extensions. `data` keeps its bytes where it is JSON;
 * `data_base64` is decoded and is JSON, text or binary by its media type.
 * ERR_INVALID and a sentence in ret_why that names the attribute.
 */
enum err cloudevent_read_json(struct span object, struct arena *arena, struct event *ret_event,
    struct buf *ret_why) MUST_CHECK;

/* One ce-* header: its name behind "ce-", lower case, and its value as sent. */
struct cloudevent_header {
    struct span name, value;
};

/*
 * Reads one event in binary mode. Values are percent-decoded once (section 3.1.3.2).
 * The body is data of the given media type; where that is JSON, the caller has checked
 * the body. An empty body is no payload.
 */
enum err cloudevent_read_headers(const struct cloudevent_header *headers, size_t count,
    struct span content_type, struct span body, struct arena *arena, struct event *ret_event,
    struct buf *ret_why) MUST_CHECK;

/*
 * Does the media type stand for JSON: application/json, text/json, or one that ends in +json,
 * in any case and with any parameters?
 */
bool media_type_is_json(struct span content_type);

#endif
