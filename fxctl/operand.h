#ifndef FXCTL_OPERAND_H
#define FXCTL_OPERAND_H
/*
 * operand - what the words of a command line stand for.
 */
#include "fxctl/fxctl.h"
#include "model/limits.h"
#include "model/retry_version.h"

/*
 * The id of the pipeline that the word names. A word that is a pipeline's name and another
 * pipeline's id names the former, so that every pipeline can be reached by its name.
 * ERR_NOTFOUND.
 */
enum err operand_pipeline(
    struct store_txn *txn, const char *word, char ret_id[PIPELINE_ID_MAX + 1]) MUST_CHECK;

/* Appends names of pipelines that are like the word, or what else the word is the id of. */
void operand_add_meant(const struct fxctl *ctl, const char *word, struct buf *out);

/*
 * Says that there is no such pipeline or version, with names that are like the word, or what else
 * the word is the id of. The store is open. EXIT_NO.
 */
int operand_unknown(const struct fxctl *ctl, const char *word, uint32_t version);

/*
 * Reads a whole number from an option of the command; `otherwise` where the option is not
 * given. EXIT_DONE, or EXIT_USAGE after saying what the number must be.
 */
int operand_number(const struct fxctl *ctl, const char *option, int64_t min, int64_t max,
    int64_t otherwise, int64_t *ret_number);

/* Reads --version; 0 without that option. EXIT_DONE or EXIT_USAGE. */
int operand_version(const struct fxctl *ctl, uint32_t *ret_version);

/* Likewise, as what is tried again has it; "latest" without that option. */
int operand_retry_version(const struct fxctl *ctl, struct retry_version *ret_version);
#define RETRY_VERSION_OPTION \
    { \
        "version", "VERSION", OPTION_FREE, \
            "latest, which is that of the started trigger, else the newest;\nsame, which is what " \
            "it had; or the number of one; else latest" \
    }

#endif
