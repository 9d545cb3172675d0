/* operand - see operand.h. */
#include "fxctl/operand.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fxctl/help.h"
#include "model/name.h"
#include "store/pipelines.h"

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

int operand_unknown(const char *word, uint32_t version)
{
    if (version)
        return fxctl_refuse("there is no pipeline \"%s\" with a version %" PRIu32, word, version);
    return fxctl_refuse(
        "there is no pipeline \"%s\"; \"fxctl pipeline list\" shows what there is", word);
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
