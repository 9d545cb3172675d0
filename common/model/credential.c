/* credential - see credential.h. */
#include "model/credential.h"

#include <string.h>

#include "base/base64.h"
#include "base/pack.h"

#define CREDENTIAL_RECORD 1 /* version of the stored form; schema/store.md says how to change it \
                             */

#define TOKEN_PREFIX "fxk_"

static const char *const scope_names[] = {
#define SCOPE(constant, name) name,
    CREDENTIAL_SCOPES(SCOPE)
#undef SCOPE
};

void credential_encode(const struct credential *credential, struct buf *out)
{
    pack_u8(out, CREDENTIAL_RECORD);
    pack_uuid(out, &credential->id);
    pack_bytes(out, credential->name);
    pack_u32(out, credential->scopes);
    pack_i64(out, credential->created_ms);
    pack_i64(out, credential->expires_ms);
    pack_i64(out, credential->revoked_ms);
}

enum err credential_decode(struct span record, struct credential *ret_credential)
{
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != CREDENTIAL_RECORD)
        return ERR_CORRUPT;
    struct credential c = {0};
    c.id = unpack_uuid(&u);
    c.name = unpack_bytes(&u);
    c.scopes = unpack_u32(&u);
    c.created_ms = unpack_i64(&u);
    c.expires_ms = unpack_i64(&u);
    c.revoked_ms = unpack_i64(&u);
    if (!unpack_done(&u))
        return ERR_CORRUPT;
    *ret_credential = c;
    return ERR_OK;
}

bool credential_is_live(const struct credential *credential, int64_t now_ms)
{
    return !credential->revoked_ms && (!credential->expires_ms || now_ms < credential->expires_ms);
}

static unsigned scope_named(struct span name)
{
    for (unsigned i = 0; i < SCOPE__MAX; i++)
        if (span_eq_str(name, scope_names[i]))
            return 1u << i;
    return SCOPE_NONE;
}

bool scopes_parse(struct span list, unsigned *ret_scopes, struct buf *ret_why)
{
    unsigned scopes = SCOPE_NONE;
    while (list.len) {
        const uint8_t *comma = memchr(list.data, ',', list.len);
        struct span name = {list.data, comma ? (size_t)(comma - list.data) : list.len};
        unsigned scope = scope_named(name);
        if (!scope) {
            buf_add_str(ret_why, "there is no such scope; the scopes are ");
            scopes_format(~0u, ", ", ret_why);
            return false;
        }
        scopes |= scope;
        size_t taken = name.len + (comma ? 1 : 0);
        list = span_of(list.data + taken, list.len - taken);
    }
    if (!scopes) {
        buf_add_str(ret_why, "name at least one scope of ");
        scopes_format(~0u, ", ", ret_why);
        return false;
    }
    *ret_scopes = scopes;
    return true;
}

void scopes_format(unsigned scopes, const char *separator, struct buf *out)
{
    bool first = true;
    for (unsigned i = 0; i < SCOPE__MAX; i++) {
        if (!(scopes & 1u << i))
            continue;
        if (!first)
            buf_add_str(out, separator);
        buf_add_str(out, scope_names[i]);
        first = false;
    }
}

void token_format(const uint8_t random[TOKEN_RANDOM], char ret_text[TOKEN_TEXT])
{
    struct buf text = BUF_INIT;
    buf_add_str(&text, TOKEN_PREFIX);
    base64url_encode(span_of(random, TOKEN_RANDOM), &text);
    memcpy(ret_text, buf_text(&text), TOKEN_TEXT);
    buf_done(&text);
}

bool token_is_wellformed(struct span text)
{
    return text.len == TOKEN_TEXT - 1 && span_starts(text, span_str(TOKEN_PREFIX));
}
