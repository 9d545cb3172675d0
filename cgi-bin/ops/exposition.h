#ifndef OPS_EXPOSITION_H
#define OPS_EXPOSITION_H
/*
 * exposition - writes metrics as Prometheus reads them: its text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), or OpenMetrics 1.0
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/). They differ in the names of counters'
 * families and at the end.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define EXPOSITION_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct exposition {
    struct buf *buf; /* borrowed */
    bool openmetrics;
    const char *family, *type; /* at hand */
};

struct label {
    const char *name;
    struct span value; /* any text */
};

/* Begins a family: its name without the suffix of samples, its type, and a sentence. */
void exposition_family(
    struct exposition *e, const char *name, const char *type, const char *sentence);

/* A sample of the family at hand, with up to two labels; one without a name ends them. */
void exposition_int(struct exposition *e, const struct label labels[2], uint64_t value);
void exposition_seconds(struct exposition *e, const struct label labels[2], uint64_t us);

/*
 * A histogram as a sample of the family at hand. Bucket i has what is at most unit * 2^i, and more
 * than the bucket before has; the last one has all that is larger. Values are whole numbers, of
 * which so many digits stand behind the point: 6 where they are microseconds and told as seconds.
 */
struct exposition_histogram {
    const uint64_t *buckets;
    size_t count;
    uint64_t unit, sum;
    int digits;
};
void exposition_histogram(
    struct exposition *e, const struct label *label, const struct exposition_histogram *histogram);

/* A sample of a summary without quantiles. Digits as above. */
void exposition_sum(
    struct exposition *e, const struct label labels[2], uint64_t count, uint64_t sum, int digits);

/* A family of one sample. */
void exposition_gauge(struct exposition *e, const char *name, const char *sentence, uint64_t value);
void exposition_counter(
    struct exposition *e, const char *name, const char *sentence, uint64_t value);

/* Writes what stands behind everything. */
void exposition_end(struct exposition *e);

/* Does an Accept header ask for OpenMetrics rather than for plain text? */
bool exposition_wants_openmetrics(struct span accept);

#endif
