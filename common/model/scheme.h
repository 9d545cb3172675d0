#ifndef MODEL_SCHEME_H
#define MODEL_SCHEME_H
/*
 * scheme - how a webhook's sender signs, declared once for all providers
 * (research: GitHub, Gitea, GitLab, Standard Webhooks, Stripe, Slack, Shopify and
 * their like differ only in the fields below).
 *
 * Verification works on the raw bytes, before anything is parsed, compares in
 * constant time, and tells its caller why it failed: for the log and for
 * `fxctl verify`, never for the reply.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"

#define SCHEME_TEXT_MAX 128      /* a header name, prefix or template */
#define SCHEME_SIGNATURES_MAX 16 /* looked at in one header; more are not */
#define SCHEME_TOLERANCE_S 300   /* default, both ways */

struct scheme {
    bool token; /* the header holds the secret itself (GitLab's older way) */
    enum crypto_hash hash;
    bool base64;        /* the signature's encoding; else lower-case hex */
    bool secret_base64; /* the key is the secret decoded, behind "whsec_" where it begins so */

    char header[SCHEME_TEXT_MAX];     /* of the signature(s), lower case with hyphens */
    char alt_header[SCHEME_TEXT_MAX]; /* another name for it, or "" (svix-signature) */
    char prefix[SCHEME_TEXT_MAX];     /* each signature begins with it: "sha256=", "v0=", "v1," */
    char separator; /* between signatures: ' ', ',' or ';', spaces may follow; 0: one only */

    /*
     * What is signed: literal text with {body}, {timestamp} and {id}, each at most
     * once. "{body}" when empty.
     */
    char message[SCHEME_TEXT_MAX];

    char timestamp_header[SCHEME_TEXT_MAX];     /* or "" */
    char timestamp_alt_header[SCHEME_TEXT_MAX]; /* or "" */
    char timestamp_item[8]; /* an item of the signature header instead, "t" in "t=1,v1=…", or "" */
    int64_t tolerance_s;    /* 0 where there is no timestamp */

    char id_header[SCHEME_TEXT_MAX]; /* of the delivery, for {id} and against repeats, or "" */
    char id_alt_header[SCHEME_TEXT_MAX];
    char event_header[SCHEME_TEXT_MAX]; /* names the event ("x-github-event"), or "" */
};

/*
 * The providers: github, gitea, gitlab (its token), gitlab-signing (its signing
 * token), standard-webhooks, stripe, slack, shopify. GitLab's two ways are two
 * providers, so that a sender never chooses the weaker one. NULL: no such provider.
 */
const struct scheme *scheme_preset(struct span provider);

/* "github, gitea, …, generic" for messages. */
const char *scheme_providers(void);

/*
 * A generic scheme from its JSON object: header (required), algorithm ("sha256"
 * default, "sha1", "sha512", "token"), prefix, encoding ("hex" default, "base64"),
 * secret_encoding ("raw" default, "base64"), separator, template, timestamp_header
 * or timestamp_item, tolerance (seconds), id_header, event_header. A timestamp must
 * be in the template: one that is not signed proves nothing. ERR_INVALID and a
 * sentence in ret_why that names the field ("scheme.header: …").
 */
enum err scheme_parse(struct span json, struct scheme *ret_scheme, struct buf *ret_why) MUST_CHECK;

/*
 * May this text be a secret under the scheme? Empty ones, broken base64 and tokens
 * that no header can carry are refused when they are made: "must be …" in ret_why.
 */
bool scheme_secret_check(const struct scheme *scheme, struct span secret, struct buf *ret_why);

/* A request as verification sees it. */
struct signed_request {
    /* A header by its lower-case name with hyphens; empty when absent. *ret_twice is set to true
     * when it came twice and left alone otherwise. */
    struct span (*header)(void *context, const char *name, bool *ret_twice);
    void *context;
    struct span body; /* raw */
};

/*
 * Is one of the signatures good under one of the secrets, and in time? When not,
 * appends why in a sentence part. All secrets are always tried.
 */
bool scheme_verify(const struct scheme *scheme, const struct span *secrets, size_t secret_count,
    const struct signed_request *request, int64_t now_s, struct buf *ret_why);

/* Does it carry what looks like the signature of any preset provider? */
bool scheme_is_signed(const struct signed_request *request);

/* The delivery's id, empty where the scheme names none or it was not sent. */
struct span scheme_delivery_id(const struct scheme *scheme, const struct signed_request *request);

#endif
