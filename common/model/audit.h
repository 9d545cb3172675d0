#ifndef MODEL_AUDIT_H
#define MODEL_AUDIT_H
/*
 * audit - what is kept of a change that somebody has made: who, when, what and to which thing.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"

#define AUDIT_NAME_MAX 256    /* bytes of an actor's name; the rest is cut off */
#define AUDIT_SUBJECT_MAX 100 /* bytes: a word, "/" and what identifies the thing */
#define AUDIT_DETAIL_MAX 4096 /* bytes of JSON */
#define AUDIT_ADDRESS_TEXT 46 /* bytes of an address as text, with its NUL */

/*
 * ACTION(constant, name): everything that is told of. The name is what is stored and shown, so it
 * stays; its first word is a noun.
 */
#define AUDIT_ACTIONS(ACTION) \
    ACTION(CREDENTIAL_CREATE, "credential.create") \
    ACTION(CREDENTIAL_ROTATE, "credential.rotate") \
    ACTION(CREDENTIAL_REVOKE, "credential.revoke") \
    ACTION(STEP_SECRET_SET, "step_secret.set") \
    ACTION(STEP_SECRET_DELETE, "step_secret.delete") \
    ACTION(PIPELINE_CREATE, "pipeline.create") \
    ACTION(PIPELINE_REPLACE, "pipeline.replace") \
    ACTION(PIPELINE_DELETE, "pipeline.delete") \
    ACTION(TRIGGER_START, "trigger.start") \
    ACTION(TRIGGER_STOP, "trigger.stop") \
    ACTION(EXECUTION_RUN, "execution.run") \
    ACTION(EXECUTION_RETRY, "execution.retry") \
    ACTION(EXECUTION_SKIP, "execution.skip") \
    ACTION(EXECUTION_CANCEL, "execution.cancel") \
    ACTION(EVENT_PUBLISH, "event.publish") \
    ACTION(EVENT_ERASE, "event.erase") \
    ACTION(PAUSE, "pause.set") \
    ACTION(RESUME, "pause.lift") \
    ACTION(HOME_REKEY, "home.rekey") \
    ACTION(HOME_UPGRADE, "home.upgrade")

enum audit_action {
#define ACTION(constant, name) AUDIT_##constant,
    AUDIT_ACTIONS(ACTION)
#undef ACTION
        AUDIT_ACTION__MAX
};

const char *audit_action_name(enum audit_action action);

enum actor_kind {
    ACTOR_BRIDGE,  /* FX Bridge by itself: nobody asked for it */
    ACTOR_KEY,     /* whoever has an API key */
    ACTOR_ACCOUNT, /* an account of the machine, with fxctl */
    ACTOR__MAX
};

/* Who makes a change. */
struct actor {
    enum actor_kind kind;
    struct uuid credential; /* of an API key; else UUID_NONE */
    struct span name;       /* of the key or the account */
    struct span address;    /* of the machine that asked, as text; empty: not known, or not kept */
    struct span request;    /* the id of the request, as logs have it; empty: it was none */
};

const char *actor_kind_name(enum actor_kind kind);

/* One record. */
struct audit {
    uint64_t seq; /* counts the records of a home from 1, without gaps */
    int64_t at_ms;
    struct actor actor;
    struct span action;  /* the name of one */
    struct span subject; /* the thing: "pipeline/ID", "execution/ID", "home" */
    struct span detail;  /* a JSON object of what more there is to tell, never a secret; or empty */
};

/* Text borrows from the record. */
void audit_encode(const struct audit *audit, struct buf *out);
enum err audit_decode(struct span record, struct audit *ret_audit) MUST_CHECK;

#endif
