/* key - the API keys of a home. */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "fxctl/table.h"
#include "fxctl/when.h"
#include "model/limits.h"
#include "store/credentials.h"

/* create */

struct creation {
    struct credential credential;
    char token[TOKEN_TEXT];
};

static enum err create_mutation(struct store_txn *txn, void *context)
{
    const struct creation *creation = context;
    return credentials_create(txn, &creation->credential, span_str(creation->token));
}

/* "created" and "expires" as JSON; a key that never expires says null. */
static void put_times(struct json_out *o, const struct credential *credential)
{
    json_key(o, "created");
    json_time(o, credential->created_ms);
    json_key(o, "expires");
    if (credential->expires_ms)
        json_time(o, credential->expires_ms);
    else
        json_null(o);
}

static void put_scopes(struct json_out *o, unsigned scopes)
{
    json_key(o, "scopes");
    json_open(o, '[');
    for (unsigned bit = 0; bit < SCOPE__MAX; bit++)
        if (scopes & 1u << bit) {
            struct buf name = BUF_INIT;
            scopes_format(1u << bit, "", &name);
            json_text(o, buf_span(&name));
            buf_done(&name);
        }
    json_close(o, ']');
}

static void put_identity(struct json_out *o, const struct credential *credential)
{
    char id[UUID_TEXT];
    uuid_format(&credential->id, id);
    json_put_str(o, "id", id);
    json_put_text(o, "name", credential->name);
    put_scopes(o, credential->scopes);
}

static void print_created(const struct fxctl *ctl, const struct creation *creation)
{
    const struct credential *credential = &creation->credential;
    struct buf text = BUF_INIT;
    struct json_out o = json_out_to(&text);
    if (ctl->json) {
        json_open(&o, '{');
        put_identity(&o, credential);
        json_put_str(&o, "token", creation->token);
        put_times(&o, credential);
        json_close(&o, '}');
    } else {
        buf_add_str(&text, creation->token);
    }
    fxctl_print(&text);
    crypto_clear(text.data, text.len);
    buf_done(&text);
    char id[UUID_TEXT];
    uuid_format(&credential->id, id);
    fxctl_say("Key %s is made. Its token is shown this once; keep it now.", id);
}

/* Reads the options into the credential. EXIT_DONE, or EXIT_USAGE. */
static int read_options(const struct fxctl *ctl, struct credential *credential)
{
    struct buf why = BUF_INIT;
    const char *expires = fxctl_option(ctl, "expires");
    int status = EXIT_DONE;
    credential->name = span_str(fxctl_option(ctl, "name"));
    credential->created_ms = clock_wall_ms();
    if (credential->name.len < 1 || credential->name.len > CREDENTIAL_NAME_MAX)
        status = fxctl_usage(ctl, "--name: must be 1 to %d bytes long", CREDENTIAL_NAME_MAX);
    else if (!scopes_parse(span_str(fxctl_option(ctl, "scope")), &credential->scopes, &why))
        status = fxctl_usage(ctl, "--scope: %s", buf_text(&why));
    else if (expires && !when_parse(expires, credential->created_ms, 1, &credential->expires_ms))
        status = fxctl_usage(ctl, "--expires: must be " WHEN_RIGHT);
    else if (expires && credential->expires_ms <= credential->created_ms)
        status = fxctl_usage(ctl, "--expires: must lie in the future");
    buf_done(&why);
    return status;
}

static int create(struct fxctl *ctl)
{
    struct creation creation = {0};
    uint8_t random[TOKEN_RANDOM];
    int status = read_options(ctl, &creation.credential);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    creation.credential.id = uuid_new();
    random_bytes(random, sizeof random);
    token_format(random, creation.token);
    enum err err = store_write(ctl->store, 0, create_mutation, &creation);
    if (!err)
        print_created(ctl, &creation);
    crypto_clear(random, sizeof random);
    crypto_clear(creation.token, sizeof creation.token);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

/* list */

struct listing {
    struct json_out out;
    int64_t now_ms;
};

static bool list_one(const struct credential *credential, void *context)
{
    struct listing *listing = context;
    struct json_out *o = &listing->out;
    json_open(o, '{');
    put_identity(o, credential);
    put_times(o, credential);
    json_put_str(o, "state",
        credential->revoked_ms                            ? "revoked"
        : credential_is_live(credential, listing->now_ms) ? "live"
                                                          : "expired");
    json_close(o, '}');
    return true;
}

static int list(struct fxctl *ctl)
{
    static const struct column columns[] = {
        {"ID", "id", false},
        {"NAME", "name", false},
        {"SCOPES", "scopes", false},
        {"CREATED", "created", false},
        {"EXPIRES", "expires", false},
        {"STATE", "state", false},
        {0},
    };
    struct buf text = BUF_INIT;
    struct listing listing = {json_out_to(&text), clock_wall_ms()};
    struct store_txn *txn;
    int status = fxctl_open(ctl, STORE_READ_ONLY);
    if (status)
        return status;
    json_open(&listing.out, '{');
    json_key(&listing.out, "keys");
    json_open(&listing.out, '[');
    enum err err = store_read_begin(ctl->store, &txn);
    if (!err) {
        err = credentials_list(txn, list_one, &listing);
        store_read_end(txn);
    }
    json_close(&listing.out, ']');
    json_close(&listing.out, '}');
    if (!err)
        table_answer(
            ctl, &text, "keys", columns, "There is no key yet; make one with: fxctl key create");
    buf_done(&text);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

/* revoke */

struct revocation {
    struct uuid id;
    int64_t now_ms;
};

static enum err revoke_mutation(struct store_txn *txn, void *context)
{
    const struct revocation *revocation = context;
    return credentials_revoke(txn, &revocation->id, revocation->now_ms);
}

static int revoke(struct fxctl *ctl)
{
    struct revocation revocation = {.now_ms = clock_wall_ms()};
    if (!uuid_parse(span_str(ctl->operands[0]), &revocation.id))
        return fxctl_usage(ctl, "this is no id of a key; \"fxctl key list\" shows the ids");
    int status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    enum err err = store_write(ctl->store, 0, revoke_mutation, &revocation);
    if (err == ERR_NOTFOUND)
        return fxctl_refuse("there is no key %s", ctl->operands[0]);
    if (err)
        return fxctl_failed(err);
    fxctl_say(
        "Key %s is revoked; requests with its token are refused from now on.", ctl->operands[0]);
    return EXIT_DONE;
}

static const struct option_rule create_options[] = {
    {"name", "NAME", OPTION_REQUIRED, "what the key is called in lists"},
    {"scope", "SCOPE[,SCOPE]", OPTION_REQUIRED,
#define SCOPE(constant, name) " " name
        "what it is for, one or more of:" CREDENTIAL_SCOPES(SCOPE)},
#undef SCOPE
    {"expires", "WHEN", OPTION_FREE,
        "when it ends, such as 90d, 12h or an RFC 3339 time; else never"},
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
        .run = list,
    },
    {
        .name = "key revoke",
        .operands = "ID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "make an API key worthless, for good",
        .run = revoke,
    },
    {0},
};
