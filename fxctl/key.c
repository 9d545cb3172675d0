/* key - the API keys of a home. */
#include "base/crypto.h"
#include "fxctl/credential.h"
#include "fxctl/help.h"
#include "fxctl/nearest.h"

#define SCOPE(constant, name) " " name
#define SCOPES CREDENTIAL_SCOPES(SCOPE)

/* Makes a new token, and its digest, which alone is kept. */
static void make_token(char ret_token[TOKEN_TEXT], uint8_t ret_digest[CRYPTO_SHA256])
{
    uint8_t random[TOKEN_RANDOM];
    random_bytes(random, sizeof random);
    token_format(CREDENTIAL_KEY, random, ret_token);
    crypto_sha256(span_str(ret_token), ret_digest);
    crypto_clear(random, sizeof random);
}

static int create(struct fxctl *ctl)
{
    struct credential credential = {.kind = CREDENTIAL_KEY, .proof_count = 1};
    struct buf why = BUF_INIT;
    char token[TOKEN_TEXT], id[UUID_TEXT];
    uint8_t digest[CRYPTO_SHA256];
    int status = credential_read(ctl, &credential);
    const char *scopes = fxctl_option(ctl, "scope");
    if (!status && !scopes_parse(span_str(scopes), &credential.scopes, &why)) {
        nearest_add_listed(span_str(scopes), SCOPES, &why);
        status = help_usage(ctl, "--scope: %s", buf_text(&why));
    }
    buf_done(&why);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    make_token(token, digest);
    credential.proofs[0].bytes = span_of(digest, sizeof digest);
    status = credential_create(ctl, &credential, SPAN_NONE);
    if (!status) {
        credential_print_made(ctl, &credential, "token", token);
        uuid_format(&credential.id, id);
        fxctl_say("Key %s is made. Its token is shown this once; keep it now.", id);
    }
    crypto_clear(token, sizeof token);
    return status;
}

static int rotate(struct fxctl *ctl)
{
    struct buf text = BUF_INIT;
    struct credential credential;
    char token[TOKEN_TEXT];
    uint8_t digest[CRYPTO_SHA256];
    int status = credential_find(ctl, CREDENTIAL_KEY, &text, &credential);
    if (!status) {
        make_token(token, digest);
        status = credential_rotate(ctl, &credential, span_of(digest, sizeof digest), SPAN_NONE);
    }
    if (!status)
        credential_print_made(ctl, &credential, "token", token);
    crypto_clear(token, sizeof token);
    buf_done(&text);
    return status;
}

static int list(struct fxctl *ctl)
{
    return credential_list(ctl, CREDENTIAL_KEY);
}

static int revoke(struct fxctl *ctl)
{
    return credential_revoke(ctl, CREDENTIAL_KEY);
}

static const struct option_rule create_options[] = {
    {"name", "NAME", OPTION_REQUIRED, "what the key is called in lists"},
    {"scope", "SCOPE[,SCOPE]", OPTION_REQUIRED, "what the key is for, one or more of:" SCOPES},
    CREDENTIAL_OPTIONS,
    {0},
};

static const struct option_rule rotate_options[] = {
    {"until", "WHEN", OPTION_FREE, "how long the old token stays good; else 24h"},
    {0},
};

const struct command key_commands[] = {
    {
        .name = "key create",
        .options = create_options,
        .summary = "make an API key and print its token",
        .details =
            "The token alone goes to standard output, this once: the store keeps only its\n"
            "digest. Clients send it as \"X-API-KEY: TOKEN\" or \"Authorization: Bearer TOKEN\".",
        .run = create,
    },
    {
        .name = "key list",
        .summary = "list the API keys",
        .details = "Shows their scopes, times and state: live, expired or revoked.",
        .run = list,
    },
    {
        .name = "key rotate",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .options = rotate_options,
        .summary = "print a new token of a key; the old one stays good for a while",
        .run = rotate,
    },
    {
        .name = "key revoke",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "make an API key worthless, for good",
        .run = revoke,
    },
    {0},
};
