#ifndef MODEL_CREDENTIAL_H
#define MODEL_CREDENTIAL_H
/*
 * credential - who may: an API key, or a webhook's secret.
 *
 * An API key is a token of 256 random bits, "fxk_" and 43 characters of base64url
 * (RFC 4648, section 5), shown once and stored as its SHA-256. A webhook secret
 * ("fxs_…", or what the provider gave) must be recoverable, so it is stored
 * encrypted. Two of either may be live while one is rotated.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"

#define TOKEN_RANDOM 32
#define TOKEN_TEXT 48 /* "fxk_", 43 characters and the NUL */
#define SECRETS_MAX 2 /* live at a time */

enum credential_kind { CREDENTIAL_KEY, CREDENTIAL_SECRET, CREDENTIAL__MAX };

/* SCOPE(constant, name): a group of endpoints, which a key is for or not. */
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

/* What proves a credential: a token's digest, or a sealed secret. */
struct proof {
    struct span bytes;
    int64_t until_ms; /* 0: no end; else this is the older proof of a rotation */
    uint64_t key;     /* the id of the key it is sealed with (home/keyring.h); 0: none is named */
};

/* What a webhook secret was made with, or-ed. */
enum credential_option {
    CREDENTIAL_URL_NAMES = 1,    /* the URL may name type, source and topic, which nobody signs */
    CREDENTIAL_REPEATS_BODY = 2, /* a body that comes again is a repeat, under whatever id */
};

struct credential {
    struct uuid id;
    enum credential_kind kind;
    struct span name;
    unsigned scopes; /* enum scope, or-ed; a webhook secret has SCOPE_EVENTS */
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
    int64_t revoked_ms; /* 0: not revoked */
    struct span
        types; /* types and topics it may send, comma-separated, "*" at an end; empty: all */
    struct span sources;  /* event sources it may send, likewise */
    uint32_t rate;        /* requests a second; 0: no limit */
    uint32_t burst;       /* requests at once */
    struct span provider; /* of a secret: "github", …, "generic" */
    struct span scheme;   /* of a generic provider: JSON, model/scheme.h */
    unsigned options;     /* of a secret: enum credential_option, or-ed */
    struct proof proofs[SECRETS_MAX];
    size_t proof_count;
};

/* Text borrows from the record. */
void credential_encode(const struct credential *credential, struct buf *out);
enum err credential_decode(struct span record, struct credential *ret_credential) MUST_CHECK;

/* Is the credential good at that time: neither revoked nor expired? */
bool credential_is_live(const struct credential *credential, int64_t now_ms);
/* Is the proof good at that time? */
bool proof_is_live(const struct proof *proof, int64_t now_ms);

/* Does a list of types or sources allow the value? An empty list allows everything. */
bool credential_allows(struct span list, struct span value);
/* Is the text such a list: names separated by commas, each perhaps ending in "*"? */
bool credential_list_check(struct span list);

/*
 * Reads "events,status" into a set of scopes. False, and what is wrong appended to ret_why,
 * where a scope is unknown or none is named.
 */
bool scopes_parse(struct span list, unsigned *ret_scopes, struct buf *ret_why);
/* Appends the names, joined by `separator`. */
void scopes_format(unsigned scopes, const char *separator, struct buf *out);

/* Writes a token, or a webhook secret that the bridge makes, from random bytes. */
void token_format(
    enum credential_kind kind, const uint8_t random[TOKEN_RANDOM], char ret_text[TOKEN_TEXT]);
/* What the value of Authorization has behind "Bearer" (RFC 6750); empty for another scheme. */
struct span token_bearer(struct span authorization);
/* Could the text be a token at all? Keeps nonsense of any size away from the hash and the store. */
bool token_is_wellformed(struct span text);

#endif
