/* operand - see operand.h. */
#include "fxctl/operand.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fxctl/help.h"
#include "fxctl/id.h"
#include "fxctl/nearest.h"
#include "model/name.h"
#include "store/pipelines.h"

#define OPERAND_LOOKS_MAX 10000 /* names that an unknown one is compared with */

enum err operand_pipeline(struct store_txn *txn, const char *word, char ret_id[PIPELINE_ID_MAX + 1])
{
    struct span text = span_str(word), id = text;
    struct pipeline_info info;
    enum err err = ERR_NOTFOUND;
    if (name_is_pipeline(text))
        err = pipelines_by_name(txn, text, &id);
    if (err == ERR_NOTFOUND && name_is_pipeline_id(text)) {
        id = text;
        err = pipelines_get(txn, id, &info);
    }
    if (!err)
        snprintf(ret_id, PIPELINE_ID_MAX + 1, "%.*s", (int)id.len, (const char *)id.data);
    return err;
}

/* Names of pipelines that are like a word. */
struct search {
    struct nearest nearest;
    size_t looks;
};

static bool offer(const struct pipeline_info *info, void *context)
{
    struct search *search = context;
    nearest_offer(&search->nearest, info->name, info->name);
    nearest_offer(&search->nearest, info->id, info->id);
    return ++search->looks < OPERAND_LOOKS_MAX;
}

void operand_add_meant(const struct fxctl *ctl, const char *word, struct buf *out)
{
    struct search search = {nearest_to(span_str(word)), 0};
    struct store_txn *txn;
    if (store_read_begin(ctl->store, &txn))
        return; /* the answer is no in any case */
    if (!pipelines_list(txn, SPAN_NONE, offer, &search))
        nearest_add(&search.nearest, out);
    id_add_kind(txn, word, out);
    store_read_end(txn);
}

int operand_unknown(const struct fxctl *ctl, const char *word, uint32_t version)
{
    struct buf meant = BUF_INIT;
    if (version)
        return fxctl_refuse("there is no pipeline \"%s\" with a version %" PRIu32, word, version);
    operand_add_meant(ctl, word, &meant);
    if (!meant.len)
        buf_add_str(&meant, "; \"fxctl pipeline list\" shows what there is");
    if (strcmp(word, "help") == 0)
        buf_printf(&meant, "; for help: fxctl help %s", ctl->command->name);
    int status = fxctl_refuse("there is no pipeline \"%s\"%s", word, buf_text(&meant));
    buf_done(&meant);
    return status;
}

int operand_number(const struct fxctl *ctl, const char *option, int64_t min, int64_t max,
    int64_t otherwise, int64_t *ret_number)
{
    const char *text = fxctl_option(ctl, option);
    size_t digits = text ? strspn(text, "0123456789") : 0;
    *ret_number = otherwise;
    if (!text)
        return EXIT_DONE;
    int64_t number = digits && digits < 19 && !text[digits] ? strtoll(text, NULL, 10) : -1;
    if (number < min || number > max)
        return help_usage(
            ctl, "--%s: must be a whole number from %" PRId64 " to %" PRId64, option, min, max);
    *ret_number = number;
    return EXIT_DONE;
}

int operand_version(const struct fxctl *ctl, uint32_t *ret_version)
{
    int64_t version;
    int status = operand_number(ctl, "version", 1, UINT32_MAX, 0, &version);
    *ret_version = (uint32_t)version;
    return status;
}

int operand_retry_version(const struct fxctl *ctl, struct retry_version *ret_version)
{
    const char *text = fxctl_option(ctl, "version");
    *ret_version = (struct retry_version){RETRY_LATEST, 0};
    if (!text || retry_version_parse(span_str(text), ret_version))
        return EXIT_DONE;
    return help_usage(ctl, "--version: %s", RETRY_VERSION_RIGHT);
}
