/* opening - see opening.h. */
#include "dispatcher/opening.h"

#include <string.h>

#include "base/crypto.h"
#include "dispatcher/catalog.h"
#include "dispatcher/dispatcher.h"
#include "proc/frame.h"
#include "store/step_secrets.h"

struct opening {
    const struct home *home;
    struct store_txn *txn;
    struct span pipeline_id;
    struct buf *secrets, *why;
    enum err err;
};

/* Says why a secret cannot be used at its place. */
static void refuse(struct opening *o, const struct secret_place *place, enum err err)
{
    const char *name = place->text->secret;
    secret_place_print(place, o->why);
    if (err == ERR_NOTFOUND)
        buf_printf(o->why, ": there is no step secret \"%s\"; set it, and try again", name);
    else if (err == ERR_DENIED)
        buf_printf(o->why,
            ": the step secret \"%s\" cannot be opened with this secret.key; restore the one it "
            "was sealed with, or set it anew, and try again",
            name);
    else
        buf_printf(o->why, ": the step secret \"%s\" does not fit there: it has to be %s", name,
            place->right);
    o->err = ERR_DENIED;
}

/* A text ends at a NUL, and would be another one. */
static bool fits(const struct secret_place *place, struct span value)
{
    return !memchr(value.data, 0, value.len) && place->rule(value);
}

static bool open_one(const struct secret_place *place, void *context)
{
    struct opening *o = context;
    struct buf value = BUF_INIT;
    buf_reserve(&value, 1);
    o->err =
        step_secrets_open(o->txn, o->home, o->pipeline_id, span_str(place->text->secret), &value);
    if (!o->err && !fits(place, buf_span(&value)))
        o->err = ERR_INVALID;
    if (o->err == ERR_NOTFOUND || o->err == ERR_DENIED || o->err == ERR_INVALID)
        refuse(o, place, o->err);
    else if (!o->err)
        frame_add_secret(o->secrets, buf_span(&value));
    crypto_forget(&value);
    return !o->err;
}

enum err opening_pack(const struct dispatcher *d, struct store_txn *txn,
    const struct version *version, struct buf *secrets, struct buf *ret_why)
{
    struct opening o = {&d->home, txn, span_str(version->pipeline_id), secrets, ret_why, ERR_OK};
    (void)pipeline_each_secret(version->pipeline, open_one, &o);
    return o.err;
}
