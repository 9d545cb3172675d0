/* identity - see identity.h. */
#include "cgi-bin/events/identity.h"

#include <string.h>

#include "base/clock.h"
#include "base/pack.h"

#define VARIANT 'v' /* a kind of stored key, beside those of enum identity_kind */

struct identity identity_of(
    enum identity_kind kind, const struct uuid *credential, struct span a, struct span b)
{
    return (struct identity){
        .given = true, .kind = kind, .key = dedupe_key((char)kind, credential, a, b)};
}

static struct dedupe_key body_key(const struct uuid *credential, struct span body)
{
    uint8_t digest[CRYPTO_SHA256];
    crypto_sha256(body, digest);
    return dedupe_key(IDENTITY_BODY, credential, span_of(digest, sizeof digest), SPAN_NONE);
}

struct identity identity_of_body(const struct uuid *credential, struct span body)
{
    return (struct identity){
        .given = true, .kind = IDENTITY_BODY, .key = body_key(credential, body)};
}

void identity_watch(struct identity *identity, const struct uuid *credential, struct span body)
{
    identity->watched = true;
    identity->body = body_key(credential, body);
}

static struct span digest_span(const uint8_t digest[CRYPTO_SHA256])
{
    return span_of(digest, CRYPTO_SHA256);
}

/*
 * Nothing that the modes of a CloudEvent write in different ways is among the contents: media
 * type and extensions are not.
 */
void identity_set_event(struct identity *identity, const struct event *event)
{
    struct buf text = BUF_INIT;
    uint8_t data[CRYPTO_SHA256];
    crypto_sha256(event->data, data);
    pack_bytes(&text, event->id);
    pack_bytes(&text, event->source);
    pack_bytes(&text, event->type);
    pack_bytes(&text, event->topic);
    pack_bytes(&text, event->subject);
    pack_bytes(&text, digest_span(data));
    crypto_sha256(buf_span(&text), identity->contents);
    buf_done(&text);
    identity->variant = dedupe_key(
        VARIANT, &UUID_NONE, digest_span(identity->key.digest), digest_span(identity->contents));
}

/* Records that were made when the contents of a request were its body alone hold that digest. */
void identity_set_request(
    struct identity *identity, struct span body, const struct identity *events, size_t count)
{
    struct buf text = BUF_INIT;
    crypto_sha256(body, identity->formerly);
    pack_bytes(&text, digest_span(identity->formerly));
    for (size_t i = 0; i < count; i++)
        pack_bytes(&text, digest_span(events[i].contents));
    crypto_sha256(buf_span(&text), identity->contents);
    buf_done(&text);
}

/* What was accepted under a key, and whether its contents were these. The store's text ends with
 * the next change, so it is copied. */
static enum err find(struct store_txn *txn, const struct identity *identity,
    const struct dedupe_key *key, struct arena *arena, struct accepted *to, size_t count,
    bool *ret_same)
{
    uint8_t contents[CRYPTO_SHA256];
    size_t found;
    enum err err = dedupe_find(txn, key, clock_wall_ms(), to, count, &found, contents);
    for (size_t i = 0; !err && i < found && i < count; i++)
        to[i].type = arena_copy(arena, to[i].type);
    *ret_same = !err && found == count &&
                (memcmp(contents, identity->contents, sizeof contents) == 0 ||
                    memcmp(contents, identity->formerly, sizeof contents) == 0);
    return err;
}

/* Looks by the name, and by name and contents where that makes a difference. */
static enum err find_named(struct store_txn *txn, struct identity *identity, struct arena *arena,
    struct accepted *ret_accepted, size_t count)
{
    bool same;
    enum err err = find(txn, identity, &identity->key, arena, ret_accepted, count, &same);
    identity->differs = !err && !same;
    identity->as = &identity->key;
    if (same || (err && err != ERR_NOTFOUND))
        return err;
    switch (identity->kind) {
    case IDENTITY_REQUEST:
        return identity->differs ? ERR_CONFLICT : err;
    case IDENTITY_CLOUDEVENT:
    case IDENTITY_BODY:
        return err;
    case IDENTITY_DELIVERY:
        break;
    }
    /* The id may have been forgotten, and these contents may have come later than the id. */
    if (identity->differs)
        identity->as = &identity->variant;
    err = find(txn, identity, &identity->variant, arena, ret_accepted, count, &same);
    identity->differs &= err == ERR_NOTFOUND;
    return err;
}

/* What is new by its name: did its body come before? */
static enum err look_for_body(struct store_txn *txn, struct identity *identity)
{
    struct accepted accepted;
    uint8_t contents[CRYPTO_SHA256];
    size_t count;
    enum err err =
        dedupe_find(txn, &identity->body, clock_wall_ms(), &accepted, 1, &count, contents);
    identity->again = !err;
    return err && err != ERR_NOTFOUND ? err : ERR_NOTFOUND;
}

enum err identity_find(struct store_txn *txn, struct identity *identity, struct arena *arena,
    struct accepted *ret_accepted, size_t count)
{
    enum err err =
        identity->given ? find_named(txn, identity, arena, ret_accepted, count) : ERR_NOTFOUND;
    return err == ERR_NOTFOUND && identity->watched ? look_for_body(txn, identity) : err;
}

enum err identity_remember(struct store_txn *txn, const struct identity *identity, int64_t keep_ms,
    const struct accepted *accepted, size_t count)
{
    int64_t now = clock_wall_ms(), until = now + keep_ms;
    enum err err = ERR_OK;
    if (identity->given)
        err = dedupe_put(txn, identity->as, now, until, accepted, count, identity->contents);
    if (!err && identity->watched && !identity->again)
        err = dedupe_put(txn, &identity->body, now, until, accepted, count, identity->contents);
    return err;
}
