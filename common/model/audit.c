/* audit - see audit.h. */
#include "model/audit.h"

#include "base/pack.h"

#define AUDIT_RECORD 1 /* version of the stored form; schema/store.md says how to change it */

const char *audit_action_name(enum audit_action action)
{
    static const char *const names[] = {
#define ACTION(constant, name) name,
        AUDIT_ACTIONS(ACTION)
#undef ACTION
    };
    return names[action];
}

const char *actor_kind_name(enum actor_kind kind)
{
    static const char *const names[ACTOR__MAX] = {
        [ACTOR_BRIDGE] = "bridge", [ACTOR_KEY] = "key", [ACTOR_ACCOUNT] = "account"};
    return names[kind];
}

void audit_encode(const struct audit *audit, struct buf *out)
{
    pack_u8(out, AUDIT_RECORD);
    pack_u64(out, audit->seq);
    pack_i64(out, audit->at_ms);
    pack_u8(out, (uint8_t)audit->actor.kind);
    pack_uuid(out, &audit->actor.credential);
    pack_bytes(out, audit->actor.name);
    pack_bytes(out, audit->actor.address);
    pack_bytes(out, audit->actor.request);
    pack_bytes(out, audit->action);
    pack_bytes(out, audit->subject);
    pack_bytes(out, audit->detail);
}

enum err audit_decode(struct span record, struct audit *ret_audit)
{
    struct unpack u = unpack_from(record);
    struct audit a = {0};
    if (unpack_u8(&u) != AUDIT_RECORD)
        return ERR_CORRUPT;
    a.seq = unpack_u64(&u);
    a.at_ms = unpack_i64(&u);
    a.actor.kind = unpack_u8(&u);
    a.actor.credential = unpack_uuid(&u);
    a.actor.name = unpack_bytes(&u);
    a.actor.address = unpack_bytes(&u);
    a.actor.request = unpack_bytes(&u);
    a.action = unpack_bytes(&u);
    a.subject = unpack_bytes(&u);
    a.detail = unpack_bytes(&u);
    if (!unpack_done(&u) || a.actor.kind >= ACTOR__MAX)
        return ERR_CORRUPT;
    *ret_audit = a;
    return ERR_OK;
}
