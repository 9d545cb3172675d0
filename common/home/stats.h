#ifndef HOME_STATS_H
#define HOME_STATS_H
/*
 * stats - what the programs of a home count of themselves, in a small mapped file (run/stats,
 * home/shared.h): requests, and commits.
 *
 * A program has one place in the file, whose numbers all its processes add to, those of before
 * included; so a CGI program's numbers grow, too. They begin at 0 after a reboot of the machine,
 * and when the file is removed. Nothing here waits, and nothing can fail: a process that has not
 * called stats_open counts nothing.
 */
#include <stdint.h>

#include "base/err.h"
#include "home/home.h"

#define STATS_STATUS_FIRST 100 /* HTTP statuses from this one on, and so many */
#define STATS_STATUSES 500
#define STATS_BUCKETS 20

/*
 * How often something was how large. Bucket i has what is at most 2^i units, and more than the
 * bucket before has; the last one has all that is larger than that.
 */
struct histogram {
    _Atomic uint64_t buckets[STATS_BUCKETS];
    _Atomic uint64_t sum;
};

#define STATS_TIME_UNIT_US 64 /* of the buckets of times; sums are in microseconds */

/* What has become of one program's work. */
struct stats {
    char program[16];
    _Atomic uint64_t statuses[STATS_STATUSES]; /* replies, by status */
    struct histogram request_us;
    _Atomic uint64_t repeats; /* requests that had been accepted before */
    struct histogram commit_us, commit_mutations;
    _Atomic uint64_t commits_failed;
    _Atomic int64_t committed_us, failed_us; /* monotonic: when the last commit has ended so */
};

/* Begins to count for a program. Before the process has a second thread, or is confined. */
void stats_open(const struct home *home, const char *program);

/* A reply has left, so long after its request came in. */
void stats_request(int status, int64_t us);
void stats_repeat(void);

/* A commit of so many mutations has ended, well or not, at this time (monotonic). */
void stats_commit(size_t mutations, int64_t took_us, int64_t now_us, enum err err);

/* Visits the places of all programs, whose numbers may change meanwhile. */
void stats_each(void (*visit)(const struct stats *stats, void *context), void *context);

#endif
