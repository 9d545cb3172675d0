/* dead_letter - executions that failed for good: listing them, and trying them again. */
#include "base/json.h"
#include "fxctl/help.h"
#include "fxctl/id.h"
#include "fxctl/listing.h"
#include "fxctl/operand.h"
#include "store/dead_letters.h"

/*
 * Reads the id of the pipeline that --pipeline names, empty without that option. EXIT_DONE, or
 * the status to leave with.
 */
static int read_pipeline(const struct fxctl *ctl, char ret_id[PIPELINE_ID_MAX + 1])
{
    const char *word = fxctl_option(ctl, "pipeline");
    struct store_txn *txn;
    ret_id[0] = '\0';
    if (!word)
        return EXIT_DONE;
    enum err err = store_read_begin(ctl->store, &txn);
    if (!err) {
        err = operand_pipeline(txn, word, ret_id);
        store_read_end(txn);
    }
    if (err == ERR_NOTFOUND)
        return operand_unknown(ctl, word, 0);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

static int list(struct fxctl *ctl)
{
    char pipeline[PIPELINE_ID_MAX + 1];
    struct execution_query query = {.dead_letters = true};
    int status = listing_options(ctl, &query);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_ONLY);
    if (!status)
        status = read_pipeline(ctl, pipeline);
    if (status)
        return status;
    query.pipeline_id = span_str(pipeline);
    return listing_answer(ctl, &query, "dead_letters", "There is no dead letter.");
}

/* Answers with what became of the dead letters. EXIT_DONE, or EXIT_NO where some are left. */
static int print_retried(const struct fxctl *ctl, const struct dead_letters_retried *retried)
{
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    if (ctl->json) {
        dead_letters_format(retried, &out);
        fxctl_print(&text);
    }
    buf_done(&text);
    struct buf version = BUF_INIT;
    retry_version_print(&retried->version, &version);
    fxctl_say("Dead letters that are pending again: %llu (version: %s)",
        (unsigned long long)retried->retried, buf_text(&version));
    buf_done(&version);
    if (!retried->left)
        return EXIT_DONE;
    fxctl_say("Those that cannot be tried again: %llu", (unsigned long long)retried->left);
    for (size_t i = 0; i < retried->why_count; i++)
        fxctl_say("  %s", retried->why[i]);
    return EXIT_NO;
}

static int retry_all(struct fxctl *ctl)
{
    char pipeline[PIPELINE_ID_MAX + 1];
    struct retry_version version;
    struct dead_letters_retried retried;
    int status = operand_retry_version(ctl, &version);
    if (!status && version.which == RETRY_NUMBER && !fxctl_option(ctl, "pipeline"))
        status = help_usage(ctl, "--version: a number goes with --pipeline");
    if (!status)
        status = fxctl_open(ctl, STORE_READ_WRITE);
    if (!status)
        status = read_pipeline(ctl, pipeline);
    if (status)
        return status;
    enum err err = dead_letters_retry_all(ctl->store, NULL, span_str(pipeline), version, &retried);
    return err ? fxctl_failed(err) : print_retried(ctl, &retried);
}

static enum err retry_mutation(struct store_txn *txn, void *context)
{
    return dead_letters_retry(txn, context);
}

static int retry_one(struct fxctl *ctl)
{
    struct action_retry one = {.version = 0};
    int status = operand_retry_version(ctl, &one.asked);
    if (!status)
        status = id_open(ctl, ID_EXECUTION, STORE_READ_WRITE, &one.execution);
    if (status)
        return status;
    enum err err = store_write(ctl->store, STORE_WAKE, retry_mutation, &one);
    if (err == ERR_NOTFOUND)
        return fxctl_refuse("the execution %s is no dead letter", ctl->operands[0]);
    if (err == ERR_CONFLICT || err == ERR_INVALID || err == ERR_GONE)
        return fxctl_refuse("it cannot be tried again: %s", one.why);
    return err ? fxctl_failed(err)
               : print_retried(ctl, &(struct dead_letters_retried){
                                        .version = {RETRY_NUMBER, one.version}, .retried = 1});
}

static int retry(struct fxctl *ctl)
{
    bool all = fxctl_option(ctl, "all") != NULL;
    if (all == (ctl->operand_count > 0))
        return help_usage(ctl, "name one dead letter, or say --all");
    if (!all && fxctl_option(ctl, "pipeline"))
        return help_usage(ctl, "--pipeline goes with --all");
    return all ? retry_all(ctl) : retry_one(ctl);
}

static const struct option_rule list_options[] = {
    {"pipeline", "NAME-OR-ID", OPTION_FREE, "those of this pipeline"},
    LISTING_OPTIONS,
    {0},
};

static const struct option_rule retry_options[] = {
    {"all", NULL, OPTION_FREE, "all of them"},
    {"pipeline", "NAME-OR-ID", OPTION_FREE, "with --all: all of this pipeline"},
    RETRY_VERSION_OPTION,
    {0},
};

const struct command dead_letter_commands[] = {
    {
        .name = "dead-letter list",
        .options = list_options,
        .summary = "list executions that failed for good, newest first",
        .details = "A dead letter is an execution whose attempts are used up, or that gave up for\n"
                   "good. One that was cancelled while it ran has failed, too, but is none.",
        .run = list,
    },
    {
        .name = "dead-letter retry",
        .operands = "[ID]",
        .operands_min = 0,
        .operands_max = 1,
        .options = retry_options,
        .summary = "try a dead letter again, or all of them",
        .details =
            "With --all each is tried once, however soon it fails again. Those that cannot\n"
            "be, since their pipeline was deleted, are left as they are, and the exit status\n"
            "is 1.",
        .run = retry,
    },
    {0},
};
