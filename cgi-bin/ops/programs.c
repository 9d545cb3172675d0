/* programs - see programs.h. */
#include "cgi-bin/ops/programs.h"

#include <stdio.h>
#include <string.h>

#include "home/stats.h"

static struct label label_of(const struct stats *stats)
{
    size_t len = strnlen(stats->program, sizeof stats->program);
    return (struct label){"program", span_of(stats->program, len)};
}

static bool is(const struct stats *stats, const char *program)
{
    return span_eq_str(label_of(stats).value, program);
}

static void print_statuses(const struct stats *stats, void *context)
{
    for (size_t i = 0; i < STATS_STATUSES; i++) {
        char status[16];
        if (!stats->statuses[i])
            continue;
        snprintf(status, sizeof status, "%zu", STATS_STATUS_FIRST + i);
        const struct label labels[2] = {label_of(stats), {"status", span_str(status)}};
        exposition_int(context, labels, stats->statuses[i]);
    }
}

static void print_histogram(struct exposition *e, const struct stats *stats,
    const struct histogram *histogram, uint64_t unit, int digits)
{
    uint64_t buckets[STATS_BUCKETS], all = 0;
    for (size_t i = 0; i < STATS_BUCKETS; i++)
        all += buckets[i] = histogram->buckets[i];
    const struct exposition_histogram told = {buckets, STATS_BUCKETS, unit, histogram->sum, digits};
    const struct label label = label_of(stats);
    if (all)
        exposition_histogram(e, &label, &told);
}

static void print_request_times(const struct stats *stats, void *context)
{
    print_histogram(context, stats, &stats->request_us, STATS_TIME_UNIT_US, 6);
}

static void print_commit_times(const struct stats *stats, void *context)
{
    print_histogram(context, stats, &stats->commit_us, STATS_TIME_UNIT_US, 6);
}

static void print_commit_mutations(const struct stats *stats, void *context)
{
    print_histogram(context, stats, &stats->commit_mutations, 1, 0);
}

static void print_commits_failed(const struct stats *stats, void *context)
{
    const struct label labels[2] = {label_of(stats)};
    if (stats->committed_us || stats->failed_us)
        exposition_int(context, labels, stats->commits_failed);
}

/* Why an event was not taken, by the status that tells its sender; the last one is all others. */
static const struct {
    int status;
    const char *reason;
} refusals[] = {{400, "malformed"}, {401, "credential"}, {403, "not_allowed"}, {404, "path"},
    {405, "method"}, {413, "too_large"}, {415, "media_type"}, {422, "not_acceptable"},
    {429, "rate"}, {503, "unavailable"}, {0, "other"}};

#define REFUSALS (sizeof refusals / sizeof refusals[0])

static size_t refusal_of(int status)
{
    size_t i = 0;
    while (refusals[i].status && refusals[i].status != status)
        i++;
    return i;
}

static void print_refused(const struct stats *stats, void *context)
{
    uint64_t counts[REFUSALS] = {0};
    if (!is(stats, "events"))
        return;
    for (int status = 400; status < 600; status++)
        counts[refusal_of(status)] += stats->statuses[status - STATS_STATUS_FIRST];
    for (size_t i = 0; i < REFUSALS; i++) {
        const struct label labels[2] = {{"reason", span_str(refusals[i].reason)}};
        exposition_int(context, labels, counts[i]);
    }
}

static void print_repeats(const struct stats *stats, void *context)
{
    if (is(stats, "events"))
        exposition_int(context, NULL, stats->repeats);
}

/* The families, in the order in which they are told. */
static const struct {
    const char *name, *type, *sentence;
    void (*print)(const struct stats *stats, void *context);
} families[] = {
    {"fxbridge_http_requests", "counter", "Replies of each web program, by status.",
        print_statuses},
    {"fxbridge_http_request_seconds", "histogram",
        "From the arrival of a whole request to its reply, waiting (?wait=) included.",
        print_request_times},
    {"fxbridge_events_refused", "counter", "Requests that brought events and were refused.",
        print_refused},
    {"fxbridge_events_repeated", "counter",
        "Requests whose events had all been accepted before, and got the first answer.",
        print_repeats},
    {"fxbridge_commit_seconds", "histogram", "How long commits of each program took.",
        print_commit_times},
    {"fxbridge_commit_mutations", "histogram", "How many changes shared a commit.",
        print_commit_mutations},
    {"fxbridge_commits_failed", "counter", "Commits that the database or the disk refused.",
        print_commits_failed},
};

void programs_print(struct exposition *e)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        exposition_family(e, families[i].name, families[i].type, families[i].sentence);
        stats_each(families[i].print, e);
    }
}
