/* exposition - see exposition.h. */
#include "cgi-bin/ops/exposition.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MICROSECONDS 6 /* digits behind the point of seconds */

static bool is_counter(const struct exposition *e)
{
    return strcmp(e->type, "counter") == 0;
}

void exposition_family(
    struct exposition *e, const char *name, const char *type, const char *sentence)
{
    e->family = name;
    e->type = type;
    const char *suffix = is_counter(e) && !e->openmetrics ? "_total" : "";
    buf_printf(
        e->buf, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, sentence, name, suffix, type);
}

static void add_escaped(struct buf *out, struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = (char)value.data[i];
        if (c == '\\' || c == '"')
            buf_add_char(out, '\\');
        if (c == '\n')
            buf_add_str(out, "\\n");
        else
            buf_add_char(out, c);
    }
}

static void add_labels(struct buf *out, const struct label labels[2])
{
    for (size_t i = 0; labels && i < 2 && labels[i].name; i++) {
        buf_add_char(out, i ? ',' : '{');
        buf_add_str(out, labels[i].name);
        buf_add_str(out, "=\"");
        add_escaped(out, labels[i].value);
        buf_add_char(out, '"');
    }
    if (labels && labels[0].name)
        buf_add_char(out, '}');
}

static void add_number(struct buf *out, uint64_t value, int digits)
{
    uint64_t whole = value, part = 0;
    for (int i = 0, ten = 1; i < digits; i++, ten *= 10) {
        part += whole % 10 * (uint64_t)ten;
        whole /= 10;
    }
    buf_printf(out, "%" PRIu64, whole);
    if (digits)
        buf_printf(out, ".%0*" PRIu64, digits, part);
}

static void add_sample(struct exposition *e, const char *suffix, const struct label labels[2],
    uint64_t value, int digits)
{
    buf_add_str(e->buf, e->family);
    buf_add_str(e->buf, suffix);
    add_labels(e->buf, labels);
    buf_add_char(e->buf, ' ');
    add_number(e->buf, value, digits);
    buf_add_char(e->buf, '\n');
}

static const char *suffix_of(const struct exposition *e)
{
    return is_counter(e) ? "_total" : "";
}

void exposition_int(struct exposition *e, const struct label labels[2], uint64_t value)
{
    add_sample(e, suffix_of(e), labels, value, 0);
}

void exposition_seconds(struct exposition *e, const struct label labels[2], uint64_t us)
{
    add_sample(e, suffix_of(e), labels, us, MICROSECONDS);
}

void exposition_histogram(
    struct exposition *e, const struct label *label, const struct exposition_histogram *histogram)
{
    struct label labels[2] = {*label, {NULL, SPAN_NONE}};
    struct label *le = &labels[label->name != NULL];
    struct buf bound = BUF_INIT;
    uint64_t count = 0;
    for (size_t i = 0; i < histogram->count; i++) {
        count += histogram->buckets[i];
        buf_clear(&bound);
        if (i + 1 == histogram->count)
            buf_add_str(&bound, "+Inf");
        else
            add_number(&bound, histogram->unit << i, histogram->digits);
        if (!histogram->digits && i + 1 < histogram->count)
            buf_add_str(&bound, ".0");
        *le = (struct label){"le", buf_span(&bound)};
        add_sample(e, "_bucket", labels, count, 0);
    }
    buf_done(&bound);
    *le = (struct label){NULL, SPAN_NONE};
    add_sample(e, "_sum", labels, histogram->sum, histogram->digits);
    add_sample(e, "_count", labels, count, 0);
}

void exposition_sum(
    struct exposition *e, const struct label labels[2], uint64_t count, uint64_t sum, int digits)
{
    add_sample(e, "_sum", labels, sum, digits);
    add_sample(e, "_count", labels, count, 0);
}

void exposition_gauge(struct exposition *e, const char *name, const char *sentence, uint64_t value)
{
    exposition_family(e, name, "gauge", sentence);
    exposition_int(e, NULL, value);
}

void exposition_counter(
    struct exposition *e, const char *name, const char *sentence, uint64_t value)
{
    exposition_family(e, name, "counter", sentence);
    exposition_int(e, NULL, value);
}

void exposition_end(struct exposition *e)
{
    if (e->openmetrics)
        buf_add_str(e->buf, "# EOF\n");
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* The weight of a media type among the ranges of an Accept header (RFC 9110, section 12.5.1). */
static double weight_of(const char *accept, const char *type)
{
    double weight = 0;
    for (const char *range = accept; *range; range += strcspn(range, ","), range += *range == ',') {
        const char *at = skip_blanks(range), *end = at + strcspn(at, ",");
        size_t len = strcspn(at, ",; \t");
        double q = 1;
        if (len != strlen(type) || strncasecmp(at, type, len) != 0)
            continue;
        for (at += len; (at = memchr(at, ';', (size_t)(end - at))) != NULL;) {
            at = skip_blanks(at + 1);
            if (strncasecmp(at, "q=", 2) == 0)
                q = strtod(at + 2, NULL);
        }
        weight = q > weight ? q : weight;
    }
    return weight;
}

bool exposition_wants_openmetrics(struct span accept)
{
    const char *text = accept.len ? (const char *)accept.data : "";
    double openmetrics = weight_of(text, "application/openmetrics-text");
    return openmetrics > 0 && openmetrics >= weight_of(text, "text/plain");
}
