/* counted - see counted.h. */
#include "cgi-bin/ops/counted.h"

#include "store/counts.h"

static struct label label_of(const struct counts_row *row)
{
    return (struct label){row->kind == COUNTS_TOPIC ? "topic" : "pipeline",
        row->name.len ? row->name : span_str("other")};
}

static void print_topic(const struct counts_row *row, void *context)
{
    const struct label labels[2] = {label_of(row)};
    if (row->kind == COUNTS_TOPIC)
        exposition_int(context, labels, row->counts.n[COUNT_ACCEPTED]);
}

static void print_outcomes(const struct counts_row *row, void *context)
{
    static const struct {
        const char *outcome;
        enum count count;
    } outcomes[] = {
        {"completed", COUNT_COMPLETED}, {"failed", COUNT_FAILED}, {"skipped", COUNT_SKIPPED}};
    for (size_t i = 0; row->kind == COUNTS_PIPELINE && i < 3; i++) {
        const struct label labels[2] = {label_of(row), {"outcome", span_str(outcomes[i].outcome)}};
        exposition_int(context, labels, row->counts.n[outcomes[i].count]);
    }
}

static void print_retries(const struct counts_row *row, void *context)
{
    const struct label labels[2] = {label_of(row)};
    if (row->kind == COUNTS_PIPELINE)
        exposition_int(context, labels, row->counts.n[COUNT_RETRIED]);
}

static void print_pipeline_times(const struct counts_row *row, void *context)
{
    const struct label labels[2] = {label_of(row)};
    uint64_t attempts = 0;
    for (size_t i = 0; i < COUNTS_BUCKETS; i++)
        attempts += row->counts.n[COUNT_RUN + i];
    if (row->kind == COUNTS_PIPELINE)
        exposition_sum(context, labels, attempts, row->counts.n[COUNT_RUN_US], 6);
}

static void print_histogram(
    struct exposition *e, const struct counts_row *row, enum count buckets, enum count sum)
{
    const struct label none = {NULL, SPAN_NONE};
    const struct exposition_histogram told = {
        &row->counts.n[buckets], COUNTS_BUCKETS, COUNTS_UNIT_US, row->counts.n[sum], 6};
    if (row->kind == COUNTS_ALL)
        exposition_histogram(e, &none, &told);
}

static void print_waits(const struct counts_row *row, void *context)
{
    print_histogram(context, row, COUNT_WAIT, COUNT_WAIT_US);
}

static void print_runs(const struct counts_row *row, void *context)
{
    print_histogram(context, row, COUNT_RUN, COUNT_RUN_US);
}

/* The families, in the order in which they are told. */
static const struct {
    const char *name, *type, *sentence;
    void (*print)(const struct counts_row *row, void *context);
} families[] = {
    {"fxbridge_topic_events", "counter", "Accepted events of each topic, once they are routed.",
        print_topic},
    {"fxbridge_executions", "counter", "Executions of each pipeline that have come to an end.",
        print_outcomes},
    {"fxbridge_retries", "counter", "Attempts of each pipeline that another one has followed.",
        print_retries},
    {"fxbridge_pipeline_attempt_seconds", "summary", "How long attempts of each pipeline took.",
        print_pipeline_times},
    {"fxbridge_start_lag_seconds", "histogram",
        "From the acceptance of an event to the start of an execution's first attempt.",
        print_waits},
    {"fxbridge_attempt_seconds", "histogram", "How long attempts of all pipelines took.",
        print_runs},
};

enum err counted_print(struct store_txn *txn, struct exposition *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < sizeof families / sizeof families[0]; i++) {
        exposition_family(e, families[i].name, families[i].type, families[i].sentence);
        err = counts_each(txn, COUNTS_TOTAL, 0, 0, families[i].print, e);
    }
    return err;
}
