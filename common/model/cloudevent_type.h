#ifndef MODEL_CLOUDEVENT_TYPE_H
#define MODEL_CLOUDEVENT_TYPE_H
/*
 * cloudevent_type - which texts the types of CloudEvents 1.0.2 allow (sections 2
 * and 3 of its core specification), and which names attributes may have.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define CLOUDEVENT_NAME_MAX 64 /* only a guard: names should have 20 characters at most */

/* [a-z0-9]{1,64}, but not "data". */
bool cloudevent_is_name(struct span s);

/* Unicode without control characters (C0, DEL, C1), noncharacters and surrogates. */
bool cloudevent_is_string(struct span s);

/* 32 bits with a sign; no fraction, no exponent. */
bool cloudevent_is_integer(struct span s, int32_t *ret_number);

/* Lets characters outside of ASCII through, since senders do use IRIs. */
bool cloudevent_is_uri_reference(struct span s);

/* A URI reference with a scheme and something behind the scheme. */
bool cloudevent_is_uri(struct span s);

bool cloudevent_is_time(struct span s);

/* A type and a subtype; parameters may follow and are not looked into. */
bool cloudevent_is_media_type(struct span s);

#endif
