/* dead_letters - see dead_letters.h. */
#include "store/dead_letters.h"

#include "store/executions.h"
#include "store/retention.h"

enum err dead_letters_retry(struct store_txn *txn, struct action_retry *retry)
{
    struct span value;
    enum err err = store_get(txn, TABLE_DEAD_LETTERS, uuid_span(&retry->execution), &value);
    retry->why = "it is kept no longer";
    if (err == ERR_NOTFOUND)
        err = retention_missing(txn, &retry->execution);
    return err ? err : actions_retry(txn, retry);
}

static void add_why(struct dead_letters_retried *retried, const char *why)
{
    for (size_t i = 0; i < retried->why_count; i++)
        if (retried->why[i] == why)
            return;
    if (retried->why_count < DEAD_LETTERS_WHYS_MAX)
        retried->why[retried->why_count++] = why;
}

/* A walk through all dead letters, newest first; `now` and `next` are of one transaction. */
struct walk {
    struct span pipeline_id;
    struct uuid after, next;
    struct dead_letters_retried done, now;
    struct uuid ids[DEAD_LETTERS_AT_ONCE];
    size_t count;
};

/* Collects ids: a table must not be changed while it is walked. */
static bool collect(const struct uuid *id, void *context)
{
    struct walk *walk = context;
    walk->ids[walk->count++] = *id;
    return true;
}

static enum err retry_some(struct store_txn *txn, void *context)
{
    struct walk *walk = context;
    struct execution_query query = {
        .dead_letters = true,
        .pipeline_id = walk->pipeline_id,
        .after = walk->after,
        .limit = DEAD_LETTERS_AT_ONCE,
    };
    walk->now = walk->done; /* the mutation may run more than once */
    walk->count = 0;
    enum err err = executions_list(txn, &query, collect, walk, &walk->next);
    for (size_t i = 0; !err && i < walk->count; i++) {
        struct action_retry retry = {.execution = walk->ids[i], .asked = walk->done.version};
        err = actions_retry(txn, &retry);
        if (!err)
            walk->now.retried++;
        if (err != ERR_CONFLICT && err != ERR_INVALID && err != ERR_GONE)
            continue;
        walk->now.left++;
        add_why(&walk->now, retry.why);
        err = ERR_OK;
    }
    return err;
}

enum err dead_letters_retry_all(struct store *store, const struct actor *actor,
    struct span pipeline_id, struct retry_version version, struct dead_letters_retried *ret_retried)
{
    struct walk walk = {.pipeline_id = pipeline_id, .done = {.version = version}};
    enum err err;
    do {
        err = store_write_for(store, actor, STORE_WAKE, retry_some, &walk);
        walk.done = walk.now;
        walk.after = walk.next;
    } while (!err && !uuid_is_none(&walk.after));
    *ret_retried = walk.done;
    return err;
}

void dead_letters_format(const struct dead_letters_retried *retried, struct json_out *out)
{
    json_open(out, '{');
    json_put_int(out, "retried", (int64_t)retried->retried);
    json_put_int(out, "left", (int64_t)retried->left);
    json_key(out, "why");
    json_open(out, '[');
    for (size_t i = 0; i < retried->why_count; i++)
        json_str(out, retried->why[i]);
    json_close(out, ']');
    struct buf version = BUF_INIT;
    retry_version_print(&retried->version, &version);
    json_put_text(out, "version", buf_span(&version));
    buf_done(&version);
    json_close(out, '}');
}
