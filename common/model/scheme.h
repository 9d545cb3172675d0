#ifndef MODEL_SCHEME_H
#define MODEL_SCHEME_H
/*
 * scheme - how a webhook's sender signs, declared once for all providers: GitHub,
 * Gitea, GitLab, Standard Webhooks, Stripe, Slack, Shopify and their like differ only
 * in the fields below.
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

#define SCHEME_TEXT_MAX 128      /* a header name, an item's name or a prefix, and the NUL */
#define SCHEME_MESSAGE_MAX 2048  /* a template, which may have a URL in it, and the NUL */
#define SCHEME_SIGNATURES_MAX 16 /* signatures of a header that are looked at */
#define SCHEME_TOLERANCE_S 300   /* how far a timestamp may lie off, either way, by default */

struct scheme {
    bool token; /* the header holds the secret itself (GitLab's older way) */
    enum crypto_hash hash;
    bool base64;        /* the signature's encoding; else hex */
    bool signs_decoded; /* without its Content-Encoding, the body is signed; else as it came */
    bool secret_base64; /* the secret is the base64 of the key, perhaps behind "whsec_" */

    char header[SCHEME_TEXT_MAX];     /* of the signature(s), lower case with hyphens */
    char alt_header[SCHEME_TEXT_MAX]; /* another name of that header, or "" (svix-signature) */
    bool shares_header;               /* with others, whose signatures have another prefix */
    char prefix[SCHEME_TEXT_MAX];     /* each signature begins with it: "sha256=", "v0=", "v1," */
    char separator; /* between signatures: ' ', ',' or ';', spaces may follow; 0: one only */

    /*
     * What is signed: literal text with {body}, {timestamp} and {id}, each at most
     * once. "{body}" when empty.
     */
    char message[SCHEME_MESSAGE_MAX];

    char timestamp_header[SCHEME_TEXT_MAX];     /* or "" */
    char timestamp_alt_header[SCHEME_TEXT_MAX]; /* or "" */
    char timestamp_item[SCHEME_TEXT_MAX]; /* or "t" where the signature header has it, "t=1,v1=…" */
    bool any_time;       /* the timestamp is seconds, milliseconds or RFC 3339; else seconds */
    int64_t tolerance_s; /* 0 where there is no timestamp */

    char id_header[SCHEME_TEXT_MAX]; /* of the delivery: for {id}, and to know repeats; or "" */
    char id_alt_header[SCHEME_TEXT_MAX];
    char event_header[SCHEME_TEXT_MAX]; /* names the event ("x-github-event"), or "" */
    bool signs_payload;                 /* of a form, the JSON in its field "payload" is signed */
    bool bodies_differ; /* no two deliveries have one body: one that comes again is a repeat */
};

/*
 * The providers: github, gitea, forgejo, gitlab (its token), gitlab-signing (its signing
 * token), bitbucket, standard-webhooks, stripe, slack, shopify. GitLab's two ways are two
 * providers, so that a sender never chooses the weaker one. NULL: no such provider.
 */
const struct scheme *scheme_preset(struct span provider);

/* "github, gitea, …, generic" for messages. */
const char *scheme_providers(void);

/*
 * The scheme of a provider, which is the JSON object's for "generic". ERR_NOTFOUND: no such
 * provider. ERR_INVALID as scheme_parse.
 */
enum err scheme_of(struct span provider, struct span json, struct scheme *ret_scheme,
    struct buf *ret_why) MUST_CHECK;

/*
 * A generic scheme from its JSON object: header (required), algorithm ("sha256"
 * default, "sha1", "sha512", "token"), prefix, encoding ("hex" default, "base64"),
 * secret_encoding ("raw" default, "base64"), signs ("received" default, "decoded"),
 * separator, template, timestamp_header or timestamp_item, tolerance (seconds),
 * id_header, event_header. A timestamp must be in the template: one that is not signed
 * proves nothing. Nothing that could never verify is taken. ERR_INVALID and a sentence in
 * ret_why that names the field ("scheme.header: …").
 */
enum err scheme_parse(struct span json, struct scheme *ret_scheme, struct buf *ret_why) MUST_CHECK;

/* A request as verification sees it. */
struct signed_request {
    /*
     * A header by its lower-case name with hyphens; empty when absent. Headers of one name are
     * one, with ", " between their values. Sets *ret_twice to true where there are nevertheless
     * two that cannot be told apart (model/headers.h), and leaves it alone otherwise.
     */
    struct span (*header)(void *context, const char *name, bool *ret_twice);
    void *context;
    struct span body; /* as it came */

    /* The body without its Content-Encoding; false where that cannot be undone. */
    bool (*decode)(void *context, struct span body, struct span *ret_decoded);
};

/*
 * Is one of the signatures good under one of the secrets, and in time? If not, appends why
 * in a sentence part. All secrets are always tried.
 */
bool scheme_verify(const struct scheme *scheme, const struct span *secrets, size_t secret_count,
    const struct signed_request *request, int64_t now_s, struct buf *ret_why);

/*
 * Does the request carry something that may be the scheme's signature? Some senders send its
 * header empty, or with its prefix alone, where they were given no secret: that is none.
 */
bool scheme_came(const struct scheme *scheme, const struct signed_request *request);

/* Does the request carry what looks like the signature of a preset provider? */
bool scheme_is_signed(const struct signed_request *request);

/* Is the delivery's id part of what is signed? */
bool scheme_signs_id(const struct scheme *scheme);

/* The delivery's id; empty where the scheme names no header for it, or it was not sent. */
struct span scheme_delivery_id(const struct scheme *scheme, const struct signed_request *request);

#endif
