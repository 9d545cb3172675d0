#ifndef HTTP_HTTP_CALL_H
#define HTTP_HTTP_CALL_H
/*
 * http_call - what an HTTP step sends, and how a reply counts.
 *
 * A POST of the event by the CloudEvents HTTP binding 1.0.2: in binary mode the body is
 * the event's data, its media type the Content-Type, and the other attributes are ce-*
 * headers; in structured mode the body is the event in the JSON format. Besides:
 *
 *   X-FX-Execution-Id  X-FX-Attempt  X-FX-Cid      and, where the step has a secret,
 *   webhook-id  webhook-timestamp  webhook-signature  (Standard Webhooks; the id is
 *   the execution's, so that it stays the same when a step is tried again)
 *
 * Headers of the step are sent as well, unless they are one of these or Content-Type.
 *
 *   2xx                      completes the step
 *   404 408 409 429 5xx      fails it; Retry-After is heeded
 *   410, other 4xx, 3xx      fails it for good
 *   no reply                 fails it
 *   address not allowed, or a 2xx reply longer than RESPONSE_MAX: fails it for good
 *
 * The log is "HTTP 200" and the beginning of the reply's body. Nothing in a reply is
 * merged into the execution's data.
 */
#include "home/home.h"
#include "proc/frame.h"

/* Makes the call and appends the reply as a frame. */
void http_call(const struct home *home, const struct frame_call *call, struct buf *out);

#endif
