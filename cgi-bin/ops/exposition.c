/* exposition - see exposition.h. */
#include "cgi-bin/ops/exposition.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* Everything of a sample but its value. */
static void begin_sample(struct exposition *e, const struct label labels[2])
{
    buf_add_str(e->buf, e->family);
    if (is_counter(e))
        buf_add_str(e->buf, "_total");
    add_labels(e->buf, labels);
}

void exposition_int(struct exposition *e, const struct label labels[2], int64_t value)
{
    begin_sample(e, labels);
    buf_printf(e->buf, " %" PRId64 "\n", value);
}

void exposition_seconds(struct exposition *e, const struct label labels[2], int64_t us)
{
    begin_sample(e, labels);
    buf_printf(e->buf, " %" PRId64 ".%06d\n", us / 1000000, (int)(us % 1000000));
}

void exposition_gauge(struct exposition *e, const char *name, const char *sentence, int64_t value)
{
    exposition_family(e, name, "gauge", sentence);
    exposition_int(e, NULL, value);
}

void exposition_counter(
    struct exposition *e, const char *name, const char *sentence, uint64_t value)
{
    exposition_family(e, name, "counter", sentence);
    exposition_int(e, NULL, (int64_t)value);
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
