#ifndef MODEL_CREDENTIAL_H
#define MODEL_CREDENTIAL_H
/*
 * credential - an API key: 256 random bits, shown once as "fxk_" and 43
 * characters of base64url (RFC 4648, section 5), stored as its SHA-256.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"

#define TOKEN_RANDOM 32
#define TOKEN_TEXT 48 /* "fxk_", 43 characters and the NUL */

/* SCOPE(constant, name): the endpoint groups, and so what a key may be for. */
#define CREDENTIAL_SCOPES(SCOPE) \
    SCOPE(EVENTS, "events") \
    SCOPE(STATUS, "status") \
    SCOPE(PIPELINES, "pipelines") \
    SCOPE(TRIGGERS, "triggers") \
    SCOPE(ADMIN, "admin")

enum scope_bit {
#define SCOPE(constant, name) SCOPE_BIT_##constant,
    CREDENTIAL_SCOPES(SCOPE)
#undef SCOPE
        SCOPE__MAX
};

/* Sets of scopes. */
enum scope {
    SCOPE_NONE = 0,
#define SCOPE(constant, name) SCOPE_##constant = 1 << SCOPE_BIT_##constant,
    CREDENTIAL_SCOPES(SCOPE)
#undef SCOPE
};

struct credential {
    struct uuid id;
    struct span name;
    unsigned scopes; /* enum scope, or-ed */
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
    int64_t revoked_ms; /* 0: not */
};

/* Text borrows from the record. */
void credential_encode(const struct credential *credential, struct buf *out);
enum err credential_decode(struct span record, struct credential *ret_credential) MUST_CHECK;

/* Is it good at that time? */
bool credential_is_live(const struct credential *credential, int64_t now_ms);

/* "events,status" as a set. False, and what is wrong appended to ret_why, for an unknown or empty
 * one. */
bool scopes_parse(struct span list, unsigned *ret_scopes, struct buf *ret_why);
/* Appends the names, joined by `separator`. */
void scopes_format(unsigned scopes, const char *separator, struct buf *out);

/* The text of a token made of these random bytes. */
void token_format(const uint8_t random[TOKEN_RANDOM], char ret_text[TOKEN_TEXT]);
/* Could the text be a token at all? Keeps nonsense of any size away from the hash and the store. */
bool token_is_wellformed(struct span text);

#endif
