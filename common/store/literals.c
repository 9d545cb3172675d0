/* literals - see literals.h. */
#include "store/literals.h"

#include "model/limits.h"
#include "model/literal.h"
#include "store/step_secrets.h"

struct taking {
    struct store_txn *txn;
    const struct home *home;
    struct span pipeline_id;
    int64_t now_ms;
    size_t count; /* of the places where a secret stands */
    struct buf *why;
    enum err err;
};

/* References. */

static void say_unknown(const struct secret_place *place, struct buf *why)
{
    const char *name = place->text->secret;
    secret_place_print(place, why);
    if (name_is_own_secret(span_str(name)))
        buf_printf(why,
            ": \"%s\" is no secret of this pipeline; give the value itself, or the name of a step "
            "secret",
            name);
    else
        buf_printf(why,
            ": there is no step secret \"%s\"; make it first, with its value on standard input: "
            "fxctl step-secret set %s",
            name, name);
}

static bool check_one(const struct secret_place *place, void *context)
{
    struct taking *t = context;
    t->count++;
    t->err = step_secrets_has(t->txn, t->pipeline_id, span_str(place->text->secret));
    if (t->err == ERR_NOTFOUND) {
        say_unknown(place, t->why);
        t->err = ERR_INVALID;
    }
    return !t->err;
}

/* Each attempt opens all of them. */
static enum err refuse_many(const struct taking *t)
{
    buf_printf(
        t->why, "the definition has %zu secrets; %d are allowed", t->count, SECRET_PLACES_MAX);
    return ERR_INVALID;
}

/* Literals. */

static enum err own(struct span value, struct buf *ret_name, void *context)
{
    struct taking *t = context;
    t->count++;
    return step_secrets_own(t->txn, t->home, t->pipeline_id, value, t->now_ms, ret_name);
}

enum err literals_take_out(struct store_txn *txn, const struct home *home, struct span pipeline_id,
    const struct definition *definition, int64_t now_ms, struct buf *ret_text, struct buf *ret_why)
{
    struct taking t = {txn, home, pipeline_id, now_ms, 0, ret_why, ERR_OK};
    buf_clear(ret_text);
    buf_clear(ret_why);
    (void)pipeline_each_secret(definition->pipeline, check_one, &t);
    if (!t.err)
        t.err = literal_replace(buf_span(&definition->text), own, &t, ret_text);
    return t.err || t.count <= SECRET_PLACES_MAX ? t.err : refuse_many(&t);
}

enum err literals_take_out_of(struct store_txn *txn, const struct home *home,
    struct span pipeline_id, struct span text, int64_t now_ms, struct buf *ret_text)
{
    struct taking t = {txn, home, pipeline_id, now_ms, 0, NULL, ERR_OK};
    return literal_replace(text, own, &t, ret_text);
}
