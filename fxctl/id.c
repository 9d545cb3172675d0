/* id - see id.h. */
#include "fxctl/id.h"

#include <string.h>
#include <strings.h>

#include "fxctl/help.h"
#include "model/name.h"
#include "store/credentials.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/pipelines.h"

static enum err find_execution(struct store_txn *txn, const struct uuid *id)
{
    struct execution execution;
    return executions_get(txn, id, &execution, NULL);
}

static enum err find_cid(struct store_txn *txn, const struct uuid *id)
{
    uint64_t seq;
    return events_last_of_cid(txn, id, &seq);
}

static const struct kind {
    const char *word, *words, *command;
    const char *no;   /* what a word is not that cannot be such an id */
    const char *none; /* what there is not where there is no such id */
    enum err (*find)(struct store_txn *txn, const struct uuid *id);
    enum err (*newest)(struct store_txn *txn, size_t most, executions_visit *visit, void *context);
} kinds[ID_KIND__MAX] = {
    [ID_EXECUTION] = {"execution", "executions", "fxctl execution show", "id of an execution",
        "there is no execution", find_execution, executions_newest},
    [ID_CID] = {"correlation id", "correlation ids", "fxctl cid", "correlation id",
        "there is no event with the correlation id", find_cid, events_newest_cids},
};

static bool is_end(const char *word)
{
    size_t len = strlen(word);
    return len >= ID_END_MIN && len < UUID_TEXT && strspn(word, "0123456789abcdefABCDEF-") == len;
}

bool id_ends_in(const struct uuid *id, const char *word)
{
    char text[UUID_TEXT];
    uuid_format(id, text);
    return is_end(word) && strcasecmp(text + strlen(text) - strlen(word), word) == 0;
}

/* The ids that a word is the end of. */
struct ends {
    const char *word;
    size_t count;
    struct uuid found[ID_SHOWN_MAX];
};

static bool look_at(const struct uuid *id, void *context)
{
    struct ends *ends = context;
    if (!id_ends_in(id, ends->word))
        return true;
    if (ends->count < ID_SHOWN_MAX)
        ends->found[ends->count] = *id;
    ends->count++;
    return true;
}

static enum err find_ends(
    struct store_txn *txn, enum id_kind kind, const char *word, struct ends *ret_ends)
{
    *ret_ends = (struct ends){.word = word};
    return kinds[kind].newest(txn, ID_NEWEST, look_at, ret_ends);
}

void id_add_kind(struct store_txn *txn, const char *word, struct buf *out)
{
    static const char *const of_credentials[] = {
        "a key: fxctl key list", "a webhook secret: fxctl secret list"};
    struct uuid id;
    struct pipeline_info info;
    struct credential credential;
    if (!uuid_parse(span_str(word), &id))
        return;
    for (enum id_kind kind = 0; kind < ID_KIND__MAX; kind++)
        if (!kinds[kind].find(txn, &id))
            buf_printf(out, "; it is %s %s: %s %s", kind == ID_EXECUTION ? "an" : "a",
                kinds[kind].word, kinds[kind].command, word);
    if (name_is_pipeline_id(span_str(word)) && !pipelines_get(txn, span_str(word), &info))
        buf_printf(out, "; it is a pipeline: fxctl pipeline show %s", word);
    if (!credentials_get(txn, &id, &credential))
        buf_printf(out, "; it is %s", of_credentials[credential.kind]);
}

/* Says that there is no such id, and what the word fits instead. */
static int refuse_none(struct store_txn *txn, enum id_kind kind, const char *word)
{
    struct buf other = BUF_INIT;
    struct uuid id;
    bool whole = uuid_parse(span_str(word), &id);
    enum id_kind another = kind == ID_CID ? ID_EXECUTION : ID_CID;
    struct ends ends = {.count = 0};
    char text[UUID_TEXT];
    id_add_kind(txn, word, &other);
    if (!whole && !find_ends(txn, another, word, &ends) && ends.count == 1) {
        uuid_format(&ends.found[0], text);
        buf_printf(&other, "; the %s %s does: %s %s", kinds[another].word, text,
            kinds[another].command, text);
    }
    int status = whole ? fxctl_refuse("%s %s%s", kinds[kind].none, word, buf_text(&other))
                       : fxctl_refuse("none of the newest %d %s ends in %s%s", ID_NEWEST,
                             kinds[kind].words, word, buf_text(&other));
    buf_done(&other);
    return status;
}

static int refuse_several(enum id_kind kind, const struct ends *ends)
{
    fxctl_refuse("%zu of the newest %d %s end in %s; give more digits:", ends->count, ID_NEWEST,
        kinds[kind].words, ends->word);
    for (size_t i = 0; i < ends->count && i < ID_SHOWN_MAX; i++) {
        char text[UUID_TEXT];
        uuid_format(&ends->found[i], text);
        fxctl_say("  %s", text);
    }
    if (ends->count > ID_SHOWN_MAX)
        fxctl_say("  and %zu more", ends->count - ID_SHOWN_MAX);
    return EXIT_NO;
}

static int find(struct store_txn *txn, enum id_kind kind, const char *word, struct uuid *ret_id)
{
    struct ends ends = {.count = 1};
    enum err err;
    if (uuid_parse(span_str(word), ret_id)) {
        err = kinds[kind].find(txn, ret_id);
    } else {
        err = find_ends(txn, kind, word, &ends);
        *ret_id = ends.found[0];
    }
    if (err == ERR_NOTFOUND || (!err && !ends.count))
        return refuse_none(txn, kind, word);
    if (err)
        return fxctl_failed(err);
    return ends.count == 1 ? EXIT_DONE : refuse_several(kind, &ends);
}

int id_open(struct fxctl *ctl, enum id_kind kind, enum store_mode mode, struct uuid *ret_id)
{
    const char *word = ctl->operands[0];
    struct store_txn *txn;
    if (!uuid_parse(span_str(word), ret_id) && !is_end(word))
        return help_usage(ctl, "\"%s\" is no %s", word, kinds[kind].no);
    int status = ctl->store ? EXIT_DONE : fxctl_open(ctl, mode);
    if (status)
        return status;
    enum err err = store_read_begin(ctl->store, &txn);
    if (err)
        return fxctl_failed(err);
    status = find(txn, kind, word, ret_id);
    store_read_end(txn);
    return status;
}
