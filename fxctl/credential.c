/* credential - see credential.h. */
#include "fxctl/credential.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "fxctl/help.h"
#include "fxctl/id.h"
#include "fxctl/nearest.h"
#include "fxctl/operand.h"
#include "fxctl/pages.h"
#include "fxctl/when.h"
#include "home/keyring.h"
#include "home/meter.h"
#include "store/credentials.h"

#define RATE_MAX 1000000

/* What the kinds of credentials are called in messages. */
static const char *const kinds[] = {"key", "secret"};

static int read_list(const struct fxctl *ctl, const char *option, struct span *ret_list)
{
    const char *text = fxctl_option(ctl, option);
    *ret_list = span_str(text ? text : "");
    if (text && (!*text || !credential_list_check(*ret_list)))
        return help_usage(ctl, "--%s: must be names separated by commas, without spaces", option);
    return EXIT_DONE;
}

static int read_number(const struct fxctl *ctl, const char *option, uint32_t *ret_number)
{
    int64_t number;
    int status = operand_number(ctl, option, 1, RATE_MAX, 0, &number);
    *ret_number = (uint32_t)number;
    return status;
}

int credential_read(const struct fxctl *ctl, struct credential *credential)
{
    const char *expires = fxctl_option(ctl, "expires");
    credential->id = uuid_new();
    credential->name = span_str(fxctl_option(ctl, "name"));
    credential->created_ms = clock_wall_ms();
    if (credential->name.len < 1 || credential->name.len > CREDENTIAL_NAME_MAX)
        return help_usage(ctl, "--name: must be 1 to %d bytes long", CREDENTIAL_NAME_MAX);
    if (expires && !when_parse(expires, credential->created_ms, 1, &credential->expires_ms))
        return help_usage(ctl, "--expires: must be " WHEN_RIGHT);
    if (expires && credential->expires_ms <= credential->created_ms)
        return help_usage(ctl, "--expires: must lie in the future");
    int status = read_list(ctl, "types", &credential->types);
    if (!status)
        status = read_list(ctl, "sources", &credential->sources);
    if (!status)
        status = read_number(ctl, "rate", &credential->rate);
    if (!status)
        status = read_number(ctl, "burst", &credential->burst);
    if (!status && credential->burst && !credential->rate)
        status = help_usage(ctl, "--burst: is of --rate, which is missing; add --rate, or leave "
                                 "--burst out for no limit");
    return status;
}

/* A credential on its way into the store, with the text of a webhook secret. */
struct creation {
    const struct home *home;
    struct credential credential;
    struct span secret;
};

static enum err create_mutation(struct store_txn *txn, void *context)
{
    struct creation *creation = context;
    struct credential *c = &creation->credential;
    struct buf sealed = BUF_INIT;
    enum err err = ERR_OK;
    if (c->kind == CREDENTIAL_SECRET)
        err =
            credentials_seal(txn, creation->home, &c->id, creation->secret, &sealed, &c->proofs[0]);
    if (!err)
        err = credentials_create(txn, c);
    buf_done(&sealed);
    return err;
}

/* That the key file cannot be used was logged with what to do. */
static int failed(enum err err)
{
    return err == ERR_DENIED ? EXIT_NO : fxctl_failed(err);
}

int credential_create(
    const struct fxctl *ctl, const struct credential *credential, struct span secret)
{
    struct creation creation = {&ctl->home, *credential, secret};
    enum err err = store_write(ctl->store, 0, create_mutation, &creation);
    return err ? failed(err) : EXIT_DONE;
}

static void put_time(struct json_out *o, const char *name, int64_t ms)
{
    json_key(o, name);
    if (ms)
        json_time(o, ms);
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

/* Writes what the credential is and may; nothing of its secret. */
static void put_members(struct json_out *o, const struct credential *credential)
{
    char id[UUID_TEXT];
    uuid_format(&credential->id, id);
    json_put_str(o, "id", id);
    json_put_text(o, "name", credential->name);
    if (credential->kind == CREDENTIAL_SECRET)
        json_put_text(o, "provider", credential->provider);
    put_scopes(o, credential->scopes);
    if (credential->types.len)
        json_put_text(o, "types", credential->types);
    if (credential->sources.len)
        json_put_text(o, "sources", credential->sources);
    if (credential->options & CREDENTIAL_URL_NAMES)
        json_put_bool(o, "url_names", true);
    if (credential->options & CREDENTIAL_REPEATS_BODY)
        json_put_str(o, "repeats", "body");
    if (credential->rate)
        json_put_int(o, "rate", credential->rate);
    if (credential->burst)
        json_put_int(o, "burst", credential->burst);
}

void credential_print_made(const struct fxctl *ctl, const struct credential *credential,
    const char *word, const char *secret)
{
    struct buf text = BUF_INIT;
    struct json_out o = json_out_to(&text);
    if (ctl->json) {
        json_open(&o, '{');
        put_members(&o, credential);
        json_put_str(&o, word, secret);
        put_time(&o, "created", credential->created_ms);
        put_time(&o, "expires", credential->expires_ms);
        json_close(&o, '}');
    } else {
        buf_add_str(&text, secret);
    }
    fxctl_print(&text);
    crypto_forget(&text);
}

/* list */

struct listing {
    struct page *page;
    struct json_out *out;
    struct uuid last; /* the last that was looked at */
    bool more;
    struct meter *meter;
    enum credential_kind kind;
    int64_t now_ms;
    const struct home *home;
};

/* Can the latest secret be read with the key at hand? */
static bool is_readable(const struct listing *listing, const struct credential *credential)
{
    struct buf secret = BUF_INIT;
    if (credential->kind != CREDENTIAL_SECRET || !credential->proof_count)
        return true;
    struct sealed sealed = {credential->proofs[0].key, credential->proofs[0].bytes};
    bool good = !keyring_unseal(listing->home, sealed, uuid_span(&credential->id), &secret);
    crypto_forget(&secret);
    return good;
}

static const char *state_of(const struct listing *listing, const struct credential *credential)
{
    if (credential->revoked_ms)
        return "revoked";
    if (!credential_is_live(credential, listing->now_ms))
        return "expired";
    return is_readable(listing, credential) ? "live" : "unreadable";
}

static bool list_one(const struct credential *credential, void *context)
{
    struct listing *listing = context;
    struct json_out *o = listing->out;
    listing->more = page_is_full(listing->page, o);
    if (listing->more)
        return false;
    listing->last = credential->id;
    if (credential->kind != listing->kind)
        return true;
    listing->page->rows++;
    json_open(o, '{');
    put_members(o, credential);
    put_time(o, "created", credential->created_ms);
    put_time(o, "expires", credential->expires_ms);
    put_time(o, "last_used", meter_last_use_ms(listing->meter, &credential->id));
    json_put_str(o, "state", state_of(listing, credential));
    json_close(o, '}');
    return true;
}

static enum err print_page(struct fxctl *ctl, struct store_txn *txn, struct page *page,
    struct json_out *out, void *context, bool *ret_more)
{
    struct listing *listing = context;
    struct uuid after = listing->last;
    (void)ctl;
    listing->page = page;
    listing->out = out;
    enum err err = credentials_list(txn, &after, list_one, listing);
    *ret_more = listing->more;
    return err;
}

int credential_list(struct fxctl *ctl, enum credential_kind kind)
{
    static const struct column key_columns[] = {
        {"ID", "id", false},
        {"NAME", "name", false},
        {"SCOPES", "scopes", false},
        {"CREATED", "created", false},
        {"EXPIRES", "expires", false},
        {"LAST USED", "last_used", false},
        {"STATE", "state", false},
        {0},
    };
    static const struct column secret_columns[] = {
        {"ID", "id", false},
        {"NAME", "name", false},
        {"PROVIDER", "provider", false},
        {"CREATED", "created", false},
        {"EXPIRES", "expires", false},
        {"LAST USED", "last_used", false},
        {"STATE", "state", false},
        {0},
    };
    bool keys = kind == CREDENTIAL_KEY;
    const struct pages pages = {.member = keys ? "keys" : "secrets",
        .columns = keys ? key_columns : secret_columns,
        .none = keys ? "There is no key yet; make one with: fxctl key create"
                     : "There is no secret yet; make one with: fxctl secret create",
        .print = print_page};
    struct listing listing = {.kind = kind, .now_ms = clock_wall_ms(), .home = &ctl->home};
    int status = fxctl_open(ctl, STORE_READ_ONLY);
    if (status)
        return status;
    listing.meter = meter_open(&ctl->home);
    enum err err = pages_print(ctl, &pages, &listing);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

/* find */

/* The credentials of a kind that a word names: their name, their id, or its end. */
struct search {
    enum credential_kind kind;
    const char *word;
    struct uuid found[ID_SHOWN_MAX]; /* those that are not revoked come before those that are */
    size_t count, live;
    struct nearest nearest;
};

static bool look_at(const struct credential *credential, void *context)
{
    struct search *search = context;
    bool live = !credential->revoked_ms;
    if (credential->kind != search->kind)
        return true;
    nearest_offer(&search->nearest, credential->name, credential->name);
    if (!span_eq_str(credential->name, search->word) && !id_ends_in(&credential->id, search->word))
        return true;
    size_t at = live ? search->live : search->count;
    if (at < ID_SHOWN_MAX) {
        search->found[search->count < ID_SHOWN_MAX ? search->count : at] = search->found[at];
        search->found[at] = credential->id;
    }
    search->count++;
    search->live += live;
    return true;
}

static int refuse_none(struct store_txn *txn, const struct search *search)
{
    struct buf meant = BUF_INIT;
    nearest_add(&search->nearest, &meant);
    id_add_kind(txn, search->word, &meant);
    if (!meant.len)
        buf_printf(&meant, "; \"fxctl %s list\" shows what there is", kinds[search->kind]);
    int status = fxctl_refuse(
        "there is no %s \"%s\"%s", kinds[search->kind], search->word, buf_text(&meant));
    buf_done(&meant);
    return status;
}

static int refuse_several(const struct search *search)
{
    size_t count = search->live ? search->live : search->count;
    fxctl_refuse(
        "\"%s\" stands for %zu %ss; say the id of one:", search->word, count, kinds[search->kind]);
    for (size_t i = 0; i < count && i < ID_SHOWN_MAX; i++) {
        char text[UUID_TEXT];
        uuid_format(&search->found[i], text);
        fxctl_say("  %s", text);
    }
    if (count > ID_SHOWN_MAX)
        fxctl_say("  and %zu more", count - ID_SHOWN_MAX);
    return EXIT_NO;
}

/* One that is good counts before any that are revoked. EXIT_DONE, or the status to leave with. */
static int find(struct store_txn *txn, struct search *search, struct buf *text)
{
    struct credential credential;
    enum err err = credentials_list(txn, &UUID_NONE, look_at, search);
    if (!err && !search->count)
        return refuse_none(txn, search);
    if (!err && search->live != 1 && search->count != 1)
        return refuse_several(search);
    if (!err)
        err = credentials_get(txn, &search->found[0], &credential);
    if (err)
        return fxctl_failed(err);
    credential_encode(&credential, text);
    return EXIT_DONE;
}

int credential_find(struct fxctl *ctl, enum credential_kind kind, struct buf *text,
    struct credential *ret_credential)
{
    struct search search = {.kind = kind, .word = ctl->operands[0]};
    struct store_txn *txn;
    search.nearest = nearest_to(span_str(search.word));
    int status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    enum err err = store_read_begin(ctl->store, &txn);
    if (err)
        return fxctl_failed(err);
    status = find(txn, &search, text);
    store_read_end(txn);
    err = status ? ERR_OK : credential_decode(buf_span(text), ret_credential);
    return err ? fxctl_failed(err) : status;
}

/* revoke */

struct change {
    const struct home *home;
    struct uuid id;
    struct proof proof;
    struct span secret; /* the text of a webhook secret */
    int64_t at_ms;
};

static enum err revoke_mutation(struct store_txn *txn, void *context)
{
    const struct change *change = context;
    return credentials_revoke(txn, &change->id, change->at_ms);
}

int credential_revoke(struct fxctl *ctl, enum credential_kind kind)
{
    struct buf text = BUF_INIT;
    struct credential credential = {.revoked_ms = 0};
    int status = credential_find(ctl, kind, &text, &credential);
    if (!status) {
        struct change change = {.id = credential.id, .at_ms = clock_wall_ms()};
        enum err err = store_write(ctl->store, 0, revoke_mutation, &change);
        status = err ? fxctl_failed(err) : EXIT_DONE;
    }
    if (!status && credential.revoked_ms)
        fxctl_say("The %s was revoked already; nothing was changed.", kinds[kind]);
    else if (!status && kind == CREDENTIAL_KEY)
        fxctl_say(
            "Key %s is revoked; requests with its token are refused for good.", ctl->operands[0]);
    else if (!status)
        fxctl_say("Secret %s is revoked; what it signs is refused for good.", ctl->operands[0]);
    buf_done(&text);
    return status;
}

/* rotate */

static enum err rotate_mutation(struct store_txn *txn, void *context)
{
    struct change *change = context;
    struct buf sealed = BUF_INIT;
    enum err err = ERR_OK;
    if (change->secret.len)
        err = credentials_seal(
            txn, change->home, &change->id, change->secret, &sealed, &change->proof);
    if (!err)
        err = credentials_rotate(txn, &change->id, change->proof, change->at_ms);
    buf_done(&sealed);
    return err;
}

static void say_rotated(enum credential_kind kind, int64_t until_ms, int64_t now_ms)
{
    static const char *const words[] = {"token", "secret"};
    char time[CLOCK_TEXT];
    clock_format(until_ms, time);
    if (until_ms > now_ms)
        fxctl_say(
            "The new %s is shown this once; the old one is good until %s.", words[kind], time);
    else
        fxctl_say(
            "The new %s is shown this once; the old one is refused from now on.", words[kind]);
}

int credential_rotate(const struct fxctl *ctl, const struct credential *credential,
    struct span proof, struct span secret)
{
    const char *until = fxctl_option(ctl, "until");
    struct change change = {&ctl->home, credential->id, {.bytes = proof}, secret, 0};
    int64_t now_ms = clock_wall_ms();
    if (!when_parse(until ? until : "24h", now_ms, 1, &change.at_ms))
        return help_usage(ctl, "--until: must be " WHEN_RIGHT);
    if (!credential->revoked_ms && !credential_is_live(credential, now_ms))
        return fxctl_refuse("%s has expired; make a new one instead", ctl->operands[0]);
    enum err err = store_write(ctl->store, 0, rotate_mutation, &change);
    if (err == ERR_CONFLICT)
        return fxctl_refuse("%s is revoked; make a new one instead", ctl->operands[0]);
    if (err)
        return failed(err);
    say_rotated(credential->kind, change.at_ms, now_ms);
    return EXIT_DONE;
}
