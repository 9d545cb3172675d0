#ifndef EVENTS_KEPT_H
#define EVENTS_KEPT_H
/*
 * kept - what is kept with an event of how it came in: the door, whose credential it was, the
 * sender's address, and the headers and query members that [web] keep_headers and keep_query
 * of fx.conf name.
 *
 * What such a name has is a string, in which bytes that are no UTF-8 have become U+FFFD. null
 * says that it came, and cannot be kept: it came twice, is longer than EVENT_KEPT_VALUE_MAX, is
 * badly encoded, has no room left among EVENT_KEPT_MAX, or is what the sender signs with.
 */
#include "model/event.h"
#include "web/request.h"

/* Sets those fields of the events, which the request brought together. */
void kept_note(struct request *request, struct event *events, size_t count);

#endif
