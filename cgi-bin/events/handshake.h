#ifndef EVENTS_HANDSHAKE_H
#define EVENTS_HANDSHAKE_H
/*
 * handshake - OPTIONS on a submission route: the consent that a sender of
 * CloudEvents asks for (HTTP 1.1 Web Hooks for Event Delivery 1.0.2, section 4).
 *
 * Every origin may ask, since a delivery still has to bring a credential. An
 * OPTIONS request without WebHook-Request-Origin only learns the methods.
 */
#include "web/request.h"

void handshake(struct request *request);

#endif
