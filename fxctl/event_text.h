#ifndef FXCTL_EVENT_TEXT_H
#define FXCTL_EVENT_TEXT_H
/*
 * event_text - an execution's event for people, made of its CloudEvent in JSON. Senders
 * choose every word of an event, so all of it is made fit for a terminal.
 */
#include "base/buf.h"

#define EVENT_TEXT_BRIEF 1024 /* bytes of a payload that are shown beside other things */

/*
 * Appends the attributes, a line each, and the payload. `id` is the execution's, for the command
 * that prints the bytes of a payload that is no text.
 */
void event_text(struct span event, const char *id, struct buf *out);

/*
 * Appends a line that names the event, and at most EVENT_TEXT_BRIEF bytes of the payload, with
 * the command that shows the rest. An empty span stands for an event that is not kept any more.
 */
void event_text_brief(struct span event, const char *id, struct buf *out);

#endif
