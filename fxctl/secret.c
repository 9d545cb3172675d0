/* secret - the webhook secrets of a home. */
#include "fxctl/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/url.h"
#include "fxctl/credential.h"
#include "fxctl/help.h"
#include "fxctl/nearest.h"
#include "model/scheme_secret.h"
#include "store/credentials.h"

#define SECRET_BYTES_MAX 1024

int secret_read_scheme(
    const struct fxctl *ctl, struct credential *credential, struct scheme *ret_scheme)
{
    const char *provider = fxctl_option(ctl, "provider"), *json = fxctl_option(ctl, "scheme");
    struct buf why = BUF_INIT;
    struct json_fault fault;
    int status = EXIT_DONE;
    credential->provider = span_str(provider ? provider : "github");
    credential->scheme = span_str(json ? json : "");
    bool generic = span_eq_str(credential->provider, "generic");
    if (generic && !json)
        return help_usage(ctl, "--scheme: is needed for --provider generic");
    if (generic && !json_check(credential->scheme, JSON_DEPTH_DEFAULT, &fault))
        return help_usage(ctl, "--scheme: is not JSON: at byte %zu, %s", fault.offset, fault.what);
    enum err err = scheme_of(credential->provider, credential->scheme, ret_scheme, &why);
    if (err == ERR_NOTFOUND) {
        nearest_add_listed(credential->provider, scheme_providers(), &why);
        status =
            help_usage(ctl, "--provider: must be one of %s%s", scheme_providers(), buf_text(&why));
    } else if (err)
        status = help_usage(ctl, "--scheme: %s", buf_text(&why));
    else if (!generic && json)
        status = help_usage(ctl, "--scheme: is for --provider generic alone");
    buf_done(&why);
    return status;
}

/* Takes the line ends off the end. Lines between, and bytes that are no text, are a mistake. */
static bool take_line(struct span text, struct buf *secret)
{
    while (text.len && memchr("\r\n", text.data[text.len - 1], 2))
        text.len--;
    buf_add_span(secret, text);
    return text.len >= 1 && text.len <= SECRET_BYTES_MAX && !memchr(text.data, 0, text.len) &&
           !memchr(text.data, '\n', text.len);
}

int secret_read_file(const struct fxctl *ctl, const char *path, struct buf *secret)
{
    uint8_t bytes[SECRET_BYTES_MAX + 16]; /* room for line ends */
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        return fxctl_refuse("cannot read %s: %s", path, strerror(errno));
    size_t len = fread(bytes, 1, sizeof bytes, file);
    bool whole = feof(file);
    if (file != stdin)
        fclose(file);
    bool good = take_line(span_of(bytes, len), secret) && whole;
    crypto_clear(bytes, sizeof bytes);
    return good ? EXIT_DONE
                : help_usage(ctl, "--secret-file: must hold one line of text, of 1 to %d bytes",
                      SECRET_BYTES_MAX);
}

/*
 * Reads the provider's secret from --secret-file, or makes one. A secret that could never
 * verify is refused.
 */
static int read_secret(const struct fxctl *ctl, const struct scheme *scheme, struct buf *secret)
{
    const char *path = fxctl_option(ctl, "secret-file");
    struct buf why = BUF_INIT;
    int status = EXIT_DONE;
    if (path) {
        status = secret_read_file(ctl, path, secret);
    } else {
        uint8_t random[TOKEN_RANDOM];
        char text[TOKEN_TEXT];
        random_bytes(random, sizeof random);
        if (scheme->secret_base64) {
            buf_add_str(secret, "whsec_");
            base64_encode(span_of(random, sizeof random), secret);
        } else {
            token_format(CREDENTIAL_SECRET, random, text);
            buf_add_str(secret, text);
        }
        crypto_clear(random, sizeof random);
        crypto_clear(text, sizeof text);
    }
    if (!status && !scheme_secret_check(scheme, buf_span(secret), &why))
        status = help_usage(ctl, "the secret %s", buf_text(&why));
    else if (!status && token_is_wellformed(buf_span(secret)))
        status =
            help_usage(ctl, "the secret must not be an API key, with which the sender could do "
                            "all that the key may; leave --secret-file out to have one made");
    buf_done(&why);
    return status;
}

static int read_options(const struct fxctl *ctl, unsigned *ret_options)
{
    const char *repeats = fxctl_option(ctl, "repeats");
    if (repeats && strcmp(repeats, "body") != 0)
        return help_usage(ctl, "--repeats: must be body; leave it out where deliveries have ids");
    *ret_options = (repeats ? CREDENTIAL_REPEATS_BODY : 0) |
                   (fxctl_option(ctl, "url-names") ? CREDENTIAL_URL_NAMES : 0);
    return EXIT_DONE;
}

/* Secrets that are tried together for a delivery that names none: their header is one. */
struct rivals {
    const struct scheme *scheme;
    int64_t now_ms;
    size_t count;
};

static bool same_header(const struct scheme *a, const struct scheme *b)
{
    const char *const others[] = {b->header, b->alt_header};
    for (size_t i = 0; i < 2; i++)
        if (*others[i] &&
            (strcmp(a->header, others[i]) == 0 || strcmp(a->alt_header, others[i]) == 0))
            return true;
    return false;
}

static bool count_rival(const struct credential *credential, void *context)
{
    struct rivals *rivals = context;
    struct scheme scheme;
    struct buf why = BUF_INIT;
    if (credential_is_live(credential, rivals->now_ms) &&
        !scheme_of(credential->provider, credential->scheme, &scheme, &why))
        rivals->count += same_header(&scheme, rivals->scheme);
    buf_done(&why);
    return true;
}

/* Are there more of them, this one among them, than are tried? */
static bool is_one_too_many(const struct fxctl *ctl, const struct scheme *scheme)
{
    struct rivals rivals = {scheme, clock_wall_ms(), 0};
    struct store_txn *txn;
    if (store_read_begin(ctl->store, &txn))
        return false;
    enum err err = credentials_webhooks(txn, count_rival, &rivals);
    store_read_end(txn);
    return !err && rivals.count > WEBHOOKS_TRIED;
}

/* The URL that senders are to be given, below public_url where that is set. */
static void add_url(const struct fxctl *ctl, struct buf *out)
{
    buf_add_span(out, url_root(span_str(ctl->home.config.web_public_url)));
    buf_add_str(out, "/fx/events/webhook");
}

static void say_made(const struct fxctl *ctl, const struct uuid *own, const struct scheme *scheme)
{
    char id[UUID_TEXT];
    struct buf url = BUF_INIT;
    add_url(ctl, &url);
    uuid_format(own, id);
    fxctl_say(fxctl_option(ctl, "secret-file")
                  ? "Secret %s is made, with the text the sender gave; it is not shown again."
                  : "Secret %s is made. It is shown this once; give it to the sender now.",
        id);
    if (is_one_too_many(ctl, scheme))
        fxctl_say("Deliveries go to %s?key=%s\n"
                  "and to no other URL: there are more than %d live secrets whose signature is in\n"
                  "%s, and only so many are tried for a delivery that names none.",
            buf_text(&url), id, WEBHOOKS_TRIED, scheme->header);
    else
        fxctl_say("Deliveries go to %s, or to %s?key=%s\n"
                  "to have just this secret tried.",
            buf_text(&url), buf_text(&url), id);
    buf_done(&url);
}

static int create(struct fxctl *ctl)
{
    struct credential credential = {
        .kind = CREDENTIAL_SECRET, .scopes = SCOPE_EVENTS, .proof_count = 1};
    struct scheme scheme = {0};
    struct buf secret = BUF_INIT;
    int status = credential_read(ctl, &credential);
    if (!status)
        status = read_options(ctl, &credential.options);
    if (!status)
        status = secret_read_scheme(ctl, &credential, &scheme);
    if (!status)
        status = read_secret(ctl, &scheme, &secret);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_WRITE);
    if (!status)
        status = credential_create(ctl, &credential, buf_span(&secret));
    if (!status) {
        credential_print_made(ctl, &credential, "secret", buf_text(&secret));
        say_made(ctl, &credential.id, &scheme);
    }
    crypto_forget(&secret);
    return status;
}

static int rotate(struct fxctl *ctl)
{
    struct buf text = BUF_INIT, secret = BUF_INIT, why = BUF_INIT;
    struct credential credential;
    struct scheme scheme;
    int status = credential_find(ctl, CREDENTIAL_SECRET, &text, &credential);
    if (!status && scheme_of(credential.provider, credential.scheme, &scheme, &why))
        status = fxctl_refuse("its scheme cannot be read: %s", buf_text(&why));
    if (!status)
        status = read_secret(ctl, &scheme, &secret);
    if (!status)
        status = credential_rotate(ctl, &credential, SPAN_NONE, buf_span(&secret));
    if (!status)
        credential_print_made(ctl, &credential, "secret", buf_text(&secret));
    crypto_forget(&secret);
    buf_done(&text);
    buf_done(&why);
    return status;
}

static int list(struct fxctl *ctl)
{
    return credential_list(ctl, CREDENTIAL_SECRET);
}

static int revoke(struct fxctl *ctl)
{
    return credential_revoke(ctl, CREDENTIAL_SECRET);
}

static const struct option_rule create_options[] = {
    {"name", "NAME", OPTION_REQUIRED, "what the secret is called in lists"},
    {"provider", "NAME", OPTION_FREE, "who sends: github (default), gitea, gitlab, stripe, …"},
    {"scheme", "JSON", OPTION_FREE, "how a generic sender signs"},
    {"secret-file", "FILE", OPTION_FREE,
        "a secret the sender gave, on one line; - is standard input"},
    {"url-names", NULL, OPTION_FREE, "let the URL name type, source and topic, which nobody signs"},
    {"repeats", "body", OPTION_FREE, "take a body that comes again for a repeat"},
    CREDENTIAL_OPTIONS,
    {0},
};

static const struct option_rule rotate_options[] = {
    {"secret-file", "FILE", OPTION_FREE,
        "a secret the sender gave, on one line; - is standard input"},
    {"until", "WHEN", OPTION_FREE, "how long the old secret stays good; else 24h"},
    {0},
};

const struct command secret_commands[] = {
    {
        .name = "secret create",
        .options = create_options,
        .summary = "make a webhook secret, or take the sender's, and print it",
        .details =
            "A sender signs each delivery with the secret, in its provider's way. The secret\n"
            "alone goes to standard output, this once; it is stored encrypted with the home's\n"
            "secret.key.\n\n"
            "A signature is over the body alone. What the URL says of an event, event_type,\n"
            "event_source and topic, counts for nothing unless --url-names is given, since\n"
            "whoever has seen one delivery could send it again under another name. What stands\n"
            "in a header is not signed, either: it names events within --types, or within the\n"
            "provider's own names where there are none. A body that comes again under another\n"
            "id is a new event and a line in the log; --repeats body makes it a repeat, for\n"
            "senders that never send one body twice.",
        .run = create,
    },
    {
        .name = "secret list",
        .summary = "list the webhook secrets",
        .details =
            "Shows what \"fxctl key list\" shows of keys. The state of one that cannot be read\n"
            "with the secret.key at hand is unreadable.",
        .run = list,
    },
    {
        .name = "secret rotate",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .options = rotate_options,
        .summary = "print a new secret; the old one stays good for a while",
        .run = rotate,
    },
    {
        .name = "secret revoke",
        .operands = "NAME-OR-ID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "make a webhook secret worthless, for good",
        .run = revoke,
    },
    {0},
};
