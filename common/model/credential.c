/* credential - see credential.h. */
#include "model/credential.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/pack.h"

/* Version of the stored form; schema/store.md says how to change it. */
#define CREDENTIAL_RECORD 3
#define WITHOUT_OPTIONS 1 /* versions before */
#define WITHOUT_KEY_NAMES 2
#define LIST_MAX 4096

static const char *const scope_names[] = {
#define SCOPE(constant, name) name,
    CREDENTIAL_SCOPES(SCOPE)
#undef SCOPE
};

void credential_encode(const struct credential *credential, struct buf *out)
{
    pack_u8(out, CREDENTIAL_RECORD);
    pack_uuid(out, &credential->id);
    pack_u8(out, (uint8_t)credential->kind);
    pack_bytes(out, credential->name);
    pack_u32(out, credential->scopes);
    pack_i64(out, credential->created_ms);
    pack_i64(out, credential->expires_ms);
    pack_i64(out, credential->revoked_ms);
    pack_bytes(out, credential->types);
    pack_bytes(out, credential->sources);
    pack_u32(out, credential->rate);
    pack_u32(out, credential->burst);
    pack_bytes(out, credential->provider);
    pack_bytes(out, credential->scheme);
    pack_u8(out, (uint8_t)credential->proof_count);
    for (size_t i = 0; i < credential->proof_count; i++) {
        pack_bytes(out, credential->proofs[i].bytes);
        pack_i64(out, credential->proofs[i].until_ms);
        pack_u64(out, credential->proofs[i].key);
    }
    pack_u8(out, (uint8_t)credential->options);
}

enum err credential_decode(struct span record, struct credential *ret_credential)
{
    struct unpack u = unpack_from(record);
    unsigned version = unpack_u8(&u);
    if (version < WITHOUT_OPTIONS || version > CREDENTIAL_RECORD)
        return ERR_CORRUPT;
    struct credential c = {0};
    c.id = unpack_uuid(&u);
    c.kind = unpack_u8(&u);
    c.name = unpack_bytes(&u);
    c.scopes = unpack_u32(&u);
    c.created_ms = unpack_i64(&u);
    c.expires_ms = unpack_i64(&u);
    c.revoked_ms = unpack_i64(&u);
    c.types = unpack_bytes(&u);
    c.sources = unpack_bytes(&u);
    c.rate = unpack_u32(&u);
    c.burst = unpack_u32(&u);
    c.provider = unpack_bytes(&u);
    c.scheme = unpack_bytes(&u);
    c.proof_count = unpack_u8(&u);
    if (c.kind >= CREDENTIAL__MAX || c.proof_count > SECRETS_MAX)
        return ERR_CORRUPT;
    for (size_t i = 0; i < c.proof_count; i++) {
        c.proofs[i].bytes = unpack_bytes(&u);
        c.proofs[i].until_ms = unpack_i64(&u);
        c.proofs[i].key = version <= WITHOUT_KEY_NAMES ? 0 : unpack_u64(&u);
    }
    if (version != WITHOUT_OPTIONS)
        c.options = unpack_u8(&u);
    if (!unpack_done(&u))
        return ERR_CORRUPT;
    *ret_credential = c;
    return ERR_OK;
}

bool credential_is_live(const struct credential *credential, int64_t now_ms)
{
    return !credential->revoked_ms && (!credential->expires_ms || now_ms < credential->expires_ms);
}

bool proof_is_live(const struct proof *proof, int64_t now_ms)
{
    return !proof->until_ms || now_ms < proof->until_ms;
}

/* Cuts the first entry off a comma-separated list. False when none is left. */
static bool next_entry(struct span *list, struct span *ret_entry)
{
    if (!list->len)
        return false;
    const uint8_t *comma = memchr(list->data, ',', list->len);
    *ret_entry = span_of(list->data, comma ? (size_t)(comma - list->data) : list->len);
    size_t taken = ret_entry->len + (comma ? 1 : 0);
    *list = span_of(list->data + taken, list->len - taken);
    return true;
}

bool credential_allows(struct span list, struct span value)
{
    bool any = !list.len;
    for (struct span entry; !any && next_entry(&list, &entry);) {
        bool prefix = entry.len && entry.data[entry.len - 1] == '*';
        any =
            prefix ? span_starts(value, span_of(entry.data, entry.len - 1)) : span_eq(value, entry);
    }
    return any;
}

bool credential_list_check(struct span list)
{
    if (list.len > LIST_MAX || (list.len && list.data[list.len - 1] == ','))
        return false;
    for (struct span entry; next_entry(&list, &entry);) {
        if (!entry.len)
            return false;
        for (size_t i = 0; i < entry.len; i++)
            if (entry.data[i] <= ' ' || entry.data[i] == 0x7f)
                return false;
    }
    return true;
}

static unsigned scope_named(struct span name)
{
    for (unsigned i = 0; i < SCOPE__MAX; i++)
        if (span_eq_str(name, scope_names[i]))
            return 1u << i;
    return SCOPE_NONE;
}

static bool refuse_scopes(struct buf *ret_why, const char *why)
{
    buf_add_str(ret_why, why);
    scopes_format(~0u, ", ", ret_why);
    return false;
}

bool scopes_parse(struct span list, unsigned *ret_scopes, struct buf *ret_why)
{
    unsigned scopes = SCOPE_NONE;
    bool gap = list.len && list.data[list.len - 1] == ',';
    for (struct span name; next_entry(&list, &name);) {
        unsigned scope = scope_named(name);
        gap |= !name.len;
        if (!scope && !gap)
            return refuse_scopes(ret_why, "there is no such scope; the scopes are ");
        scopes |= scope;
    }
    if (gap)
        return refuse_scopes(ret_why, "a scope is missing beside a comma; the scopes are ");
    if (!scopes)
        return refuse_scopes(ret_why, "name at least one scope of ");
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

/* Scanners for leaked secrets find tokens by these prefixes. */
static const char *const token_prefixes[] = {"fxk_", "fxs_"};

void token_format(
    enum credential_kind kind, const uint8_t random[TOKEN_RANDOM], char ret_text[TOKEN_TEXT])
{
    struct buf text = BUF_INIT;
    buf_add_str(&text, token_prefixes[kind]);
    base64url_encode(span_of(random, TOKEN_RANDOM), &text);
    memcpy(ret_text, buf_text(&text), TOKEN_TEXT);
    buf_done(&text);
}

struct span token_bearer(struct span authorization)
{
    static const char scheme[] = "Bearer ";
    size_t len = sizeof scheme - 1;
    struct span value = authorization;
    if (value.len <= len || strncasecmp((const char *)value.data, scheme, len) != 0)
        return SPAN_NONE;
    value = span_of(value.data + len, value.len - len);
    while (value.len && *value.data == ' ')
        value = span_of(value.data + 1, value.len - 1);
    return value;
}

bool token_is_wellformed(struct span text)
{
    return text.len == TOKEN_TEXT - 1 &&
           span_starts(text, span_str(token_prefixes[CREDENTIAL_KEY]));
}
