/* webhook - see webhook.h. */
#include "web/webhook.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "home/keyring.h"
#include "store/credentials.h"

#define KEY_PARAMETER "key"

bool webhook_is_named(struct request *request)
{
    struct span named;
    return request_query(request, KEY_PARAMETER, &named) != ERR_NOTFOUND;
}

/* No header tells the signature of a generic scheme; ?key= does. */
bool webhook_is_signed(struct request *request)
{
    struct signed_request message = request_signed(request);
    return webhook_is_named(request) || scheme_is_signed(&message);
}

struct search {
    const struct home *home;
    struct arena *arena;
    struct signed_request message;
    int64_t now_ms;
    size_t tried;
    bool found;
    struct span ret_text; /* the credential, encoded, in the arena */
    struct scheme *ret_scheme;
    struct buf *ret_why;
};

static void say_unreadable(const struct credential *credential, struct buf *why)
{
    char id[UUID_TEXT];
    uuid_format(&credential->id, id);
    buf_printf(why,
        "%ssecret %s cannot be read with this secret.key: restore the one it was sealed with, or "
        "rotate it",
        why->len ? "; " : "", id);
}

/* Tries the secrets of one credential, which are in the clear only meanwhile. */
static bool verify(
    struct search *search, const struct credential *credential, const struct scheme *scheme)
{
    struct buf secrets[SECRETS_MAX] = {BUF_INIT};
    struct span spans[SECRETS_MAX];
    size_t count = 0, live = 0;
    for (size_t i = 0; i < credential->proof_count; i++) {
        const struct proof *proof = &credential->proofs[i];
        if (!proof_is_live(proof, search->now_ms))
            continue;
        live++;
        struct sealed sealed = {proof->key, proof->bytes};
        if (!keyring_unseal(search->home, sealed, uuid_span(&credential->id), &secrets[count])) {
            spans[count] = buf_span(&secrets[count]);
            count++;
        }
    }
    bool good = count && scheme_verify(scheme, spans, count, &search->message,
                             search->now_ms / 1000, search->ret_why);
    if (count < live)
        say_unreadable(credential, search->ret_why);
    for (size_t i = 0; i < SECRETS_MAX; i++)
        crypto_forget(&secrets[i]);
    return good;
}

/* Tries one credential with its scheme. */
static void try_scheme(
    struct search *search, const struct credential *credential, const struct scheme *scheme)
{
    struct buf text = BUF_INIT;
    if (search->tried++)
        buf_add_str(search->ret_why, "; ");
    if (!verify(search, credential, scheme))
        return;
    search->found = true;
    *search->ret_scheme = *scheme;
    credential_encode(credential, &text);
    search->ret_text = arena_keep(search->arena, &text);
}

/*
 * Tries one of all credentials, where the header of its signature came. False ends the walk
 * through them.
 */
static bool try_one(const struct credential *credential, void *context)
{
    struct search *search = context;
    struct scheme scheme;
    struct buf why = BUF_INIT;
    if (credential_is_live(credential, search->now_ms) &&
        !scheme_of(credential->provider, credential->scheme, &scheme, &why) &&
        scheme_came(&scheme, &search->message))
        try_scheme(search, credential, &scheme);
    buf_done(&why);
    return !search->found && search->tried < WEBHOOKS_TRIED;
}

static enum err find_named(struct search *search, struct store_txn *txn, struct span text)
{
    struct uuid id;
    struct credential credential;
    struct scheme scheme;
    if (!uuid_parse(text, &id))
        return ERR_NOTFOUND;
    enum err err = credentials_get(txn, &id, &credential);
    if (!err && credential.kind == CREDENTIAL_SECRET &&
        credential_is_live(&credential, search->now_ms) &&
        !scheme_of(credential.provider, credential.scheme, &scheme, search->ret_why))
        try_scheme(search, &credential, &scheme);
    return err;
}

enum err webhook_find(struct request *request, struct credential *ret_credential,
    struct scheme *ret_scheme, struct buf *ret_why)
{
    struct search search = {.home = request->home,
        .arena = &request->arena,
        .message = request_signed(request),
        .now_ms = clock_wall_ms(),
        .ret_scheme = ret_scheme,
        .ret_why = ret_why};
    struct store_txn *txn;
    struct span named;
    enum err by_name = request_query(request, KEY_PARAMETER, &named);
    enum err err = store_read_begin(request->store, &txn);
    if (!err) {
        err =
            by_name ? credentials_webhooks(txn, try_one, &search) : find_named(&search, txn, named);
        store_read_end(txn);
    }
    if (err && err != ERR_NOTFOUND)
        return err;
    if (by_name == ERR_INVALID || !search.found) {
        if (!ret_why->len)
            buf_add_str(ret_why, "no live webhook secret to verify with");
        return ERR_DENIED;
    }
    return credential_decode(search.ret_text, ret_credential);
}
