/* filter - see filter.h. */
#include "model/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "model/field.h"
#include "model/json_value.h"

#define SHOWN_MAX 100 /* bytes of a value that an explanation repeats */

enum dialect { EXACT, PREFIX, SUFFIX, ALL, ANY, NOT, JSON, DIALECT__MAX };

/* An attribute and its text, or a pointer and JSON. */
struct term {
    char *name, *value;
};

/* The attribute dialects and json have terms; all, any and not have nested filters. */
struct filter {
    enum dialect dialect;
    struct term *terms;
    size_t term_count;
    struct filter *nested;
    size_t nested_count;
};

/* Reading. */

struct parser {
    struct field_reader reader;
    unsigned depth, count;
};

struct visit {
    struct parser *parser;
    struct filter *filter;
};

static bool parse_filter(struct parser *p, const struct json_tree *v, struct filter *filter);
static bool parse_list(struct parser *p, const struct json_tree *v, struct filter *filter);

/* Room for so many filters more, which is counted before it is allocated. */
static bool take_room(struct parser *p, size_t count)
{
    if (count > FILTER_COUNT_MAX - p->count)
        return field_refuse(&p->reader,
            "holds too many filters; %d are allowed, nested ones "
            "included",
            FILTER_COUNT_MAX);
    p->count += (unsigned)count;
    return true;
}

/* CloudEvents 1.0.2, "Naming conventions". */
static bool is_attribute(const char *name)
{
    return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")];
}

static void add_term(struct filter *filter, const char *name, char *value)
{
    filter->terms[filter->term_count++] = (struct term){mem_strdup(name), value};
}

static bool visit_attribute(const char *name, struct json_tree *value, void *context)
{
    struct visit *visit = context;
    struct field_reader *r = &visit->parser->reader;
    struct span text = json_tree_text(value);
    if (!is_attribute(name))
        return field_refuse_member(r, name,
            "is not the name of an attribute, which is made of "
            "lower-case letters and digits");
    if (!text.len)
        return field_refuse_member(r, name, "must be a string that is not empty");
    add_term(visit->filter, name, span_dup(text));
    return true;
}

static bool visit_pointer(const char *name, struct json_tree *value, void *context)
{
    struct visit *visit = context;
    struct field_reader *r = &visit->parser->reader;
    if (!json_value_is_pointer(span_str(name)))
        return field_refuse_member(
            r, name, "is not a JSON pointer (RFC 6901), such as /order/paid");
    struct buf json = BUF_INIT;
    json_tree_print(value, &json);
    add_term(visit->filter, name, span_dup(buf_span(&json)));
    buf_done(&json);
    return true;
}

static bool parse_terms(struct parser *p, const struct json_tree *v, struct filter *filter)
{
    if (!field_is(&p->reader, v, JSON_OBJECT))
        return false;
    bool json = filter->dialect == JSON;
    size_t count = json_tree_count(v);
    if (!count)
        return field_refuse(
            &p->reader, "must name at least one %s", json ? "pointer" : "attribute");
    filter->terms = mem_alloc(count * sizeof *filter->terms);
    struct visit visit = {p, filter};
    return json_tree_each(v, json ? visit_pointer : visit_attribute, &visit);
}

static bool parse_not(struct parser *p, const struct json_tree *v, struct filter *filter)
{
    if (!take_room(p, 1))
        return false;
    filter->nested = mem_alloc(sizeof *filter->nested);
    filter->nested_count = 1;
    return parse_filter(p, v, filter->nested);
}

static bool parse_nested(struct parser *p, const struct json_tree *v, struct filter *filter)
{
    if (filter->dialect != NOT && json_tree_type(v) == JSON_ARRAY && !json_tree_count(v))
        return field_refuse(&p->reader, "must hold at least one filter");
    if (p->depth == FILTER_DEPTH_MAX)
        return field_refuse(
            &p->reader, "is nested too deeply; %d levels are allowed", FILTER_DEPTH_MAX);
    p->depth++;
    bool good = filter->dialect == NOT ? parse_not(p, v, filter) : parse_list(p, v, filter);
    p->depth--;
    return good;
}

static const struct {
    const char *name;
    bool (*parse)(struct parser *p, const struct json_tree *v, struct filter *filter);
} dialects[DIALECT__MAX] = {
    [EXACT] = {"exact", parse_terms},
    [PREFIX] = {"prefix", parse_terms},
    [SUFFIX] = {"suffix", parse_terms},
    [ALL] = {"all", parse_nested},
    [ANY] = {"any", parse_nested},
    [NOT] = {"not", parse_nested},
    [JSON] = {"json", parse_terms},
};

static bool visit_dialect(const char *name, struct json_tree *value, void *context)
{
    struct visit *visit = context;
    struct field_reader *r = &visit->parser->reader;
    size_t mark = field_enter(r, name), i = 0;
    while (i < DIALECT__MAX && strcmp(dialects[i].name, name) != 0)
        i++;
    bool good = i < DIALECT__MAX;
    if (good) {
        visit->filter->dialect = (enum dialect)i;
        good = dialects[i].parse(visit->parser, value, visit->filter);
    } else {
        field_refuse(r, "is not a dialect of filters; exact, prefix, suffix, all, any, not and "
                        "json are");
    }
    field_leave(r, mark);
    return good;
}

static bool parse_filter(struct parser *p, const struct json_tree *v, struct filter *filter)
{
    if (!field_is(&p->reader, v, JSON_OBJECT))
        return false;
    if (json_tree_count(v) != 1)
        return field_refuse(&p->reader, "must have exactly one member, the filter's dialect");
    struct visit visit = {p, filter};
    return json_tree_each(v, visit_dialect, &visit);
}

static bool parse_list(struct parser *p, const struct json_tree *v, struct filter *filter)
{
    if (!field_is(&p->reader, v, JSON_ARRAY))
        return false;
    size_t count = json_tree_count(v);
    bool good = take_room(p, count);
    if (good && count)
        filter->nested = mem_alloc(count * sizeof *filter->nested);
    filter->nested_count = good ? count : 0;
    for (size_t i = 0; good && i < count; i++) {
        size_t mark = field_enter_element(&p->reader, i);
        good = parse_filter(p, json_tree_at(v, i), &filter->nested[i]);
        field_leave(&p->reader, mark);
    }
    return good;
}

struct filter *filter_parse(const struct json_tree *list, const char *where, struct buf *ret_why)
{
    struct parser p = {.depth = 0};
    struct filter *filter = mem_alloc(sizeof *filter);
    filter->dialect = ALL;
    field_reader_init(&p.reader, where, ret_why);
    if (!parse_list(&p, list, filter)) {
        filter_free(filter);
        filter = NULL;
    }
    field_reader_done(&p.reader);
    return filter;
}

static void clear(struct filter *filter)
{
    for (size_t i = 0; i < filter->term_count; i++) {
        free(filter->terms[i].name);
        free(filter->terms[i].value);
    }
    for (size_t i = 0; i < filter->nested_count; i++)
        clear(&filter->nested[i]);
    free(filter->terms);
    free(filter->nested);
}

void filter_free(struct filter *filter)
{
    if (!filter)
        return;
    clear(filter);
    free(filter);
}

/* Bounds of new definitions. */

static size_t count_terms(const struct filter *filter, size_t *longest)
{
    size_t count = filter->term_count;
    for (size_t i = 0; i < filter->term_count; i++) {
        size_t len = strlen(filter->terms[i].name);
        if (len > *longest)
            *longest = len;
    }
    for (size_t i = 0; i < filter->nested_count; i++)
        count += count_terms(&filter->nested[i], longest);
    return count;
}

bool filter_is_bounded(const struct filter *filter, const char *where, struct buf *ret_why)
{
    size_t longest = 0, count = filter ? count_terms(filter, &longest) : 0;
    if (count > FILTER_TERMS_MAX)
        buf_printf(ret_why,
            "%s: name %zu attributes and pointers; %d are allowed, nested filters "
            "included",
            where, count, FILTER_TERMS_MAX);
    else if (longest > FILTER_POINTER_MAX)
        buf_printf(ret_why, "%s: have a name or pointer of %zu bytes; %d are allowed", where,
            longest, FILTER_POINTER_MAX);
    return count <= FILTER_TERMS_MAX && longest <= FILTER_POINTER_MAX;
}

/* Matching. */

static struct span text_of_id(const struct event *event, struct buf *scratch)
{
    char text[UUID_TEXT];
    if (event->id.len)
        return event->id;
    uuid_format(&event->cid, text);
    buf_add_str(scratch, text);
    return buf_span(scratch);
}

static struct span text_of_time(const struct event *event, struct buf *scratch)
{
    char text[CLOCK_TEXT];
    if (event->time.len)
        return event->time;
    clock_format(event->accepted_ms, text);
    buf_add_str(scratch, text);
    return buf_span(scratch);
}

static struct span text_of_uuid(const struct uuid *id, struct buf *scratch)
{
    char text[UUID_TEXT];
    if (uuid_is_none(id))
        return SPAN_NONE;
    uuid_format(id, text);
    buf_add_str(scratch, text);
    return buf_span(scratch);
}

/* An extension's canonical text: a string's characters, otherwise true, false or the number. */
static struct span text_of_extension(
    const struct event *event, const char *name, struct buf *scratch)
{
    struct json_item item;
    if (!event->extensions.len || !json_find(event->extensions, name, &item) ||
        item.type == JSON_NULL)
        return SPAN_NONE;
    if (item.type != JSON_STRING)
        return item.value;
    json_unescape(item.value, scratch);
    return buf_span(scratch);
}

/* The text of an attribute; empty when the event lacks it. May use the scratch, which is empty. */
static struct span attribute(const struct event *event, const char *name, struct buf *scratch)
{
    const struct {
        const char *name;
        struct span text;
    } plain[] = {
        {"type", event->type},
        {"source", event->source},
        {"subject", event->subject},
        {"topic", event_topic(event)},
        {"datacontenttype", event->datacontenttype},
        {"dataschema", event->dataschema},
        {"specversion", span_str("1.0")},
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(name, plain[i].name) == 0)
            return plain[i].text;
    if (strcmp(name, "id") == 0)
        return text_of_id(event, scratch);
    if (strcmp(name, "time") == 0)
        return text_of_time(event, scratch);
    if (strcmp(name, "correlationid") == 0)
        return text_of_uuid(&event->cid, scratch);
    if (strcmp(name, "causationid") == 0)
        return text_of_uuid(&event->parent, scratch);
    return text_of_extension(event, name, scratch);
}

/* The text, cut short between two characters where it is long. */
static struct span shorten(struct span text)
{
    if (text.len <= SHOWN_MAX)
        return text;
    for (text.len = SHOWN_MAX; text.len && (text.data[text.len] & 0xc0) == 0x80;)
        text.len--;
    return text;
}

static void say_quoted(struct buf *why, struct span text)
{
    struct span shown = shorten(text);
    json_quote(why, shown);
    if (shown.len < text.len)
        buf_add_str(why, "…");
}

static void say_value(struct buf *why, struct span value)
{
    struct span shown = shorten(value);
    buf_add_span(why, shown);
    if (shown.len < value.len)
        buf_add_str(why, "…");
}

static bool ends_with(struct span text, struct span end)
{
    return text.len >= end.len && span_eq(span_of(text.data + (text.len - end.len), end.len), end);
}

static bool compare(enum dialect dialect, struct span text, struct span wanted)
{
    if (dialect == EXACT)
        return span_eq(text, wanted);
    return dialect == PREFIX ? span_starts(text, wanted) : ends_with(text, wanted);
}

static void say_attribute(
    struct buf *why, enum dialect dialect, const struct term *term, struct span text)
{
    static const char *const relations[] = {
        [EXACT] = "not ",
        [PREFIX] = "which does not start with ",
        [SUFFIX] = "which does not end with ",
    };
    if (!text.len) {
        buf_printf(why, "the event has no %s", term->name);
        return;
    }
    buf_printf(why, "%s is ", term->name);
    say_quoted(why, text);
    buf_printf(why, ", %s", relations[dialect]);
    say_quoted(why, span_str(term->value));
}

/* An extension is looked for among all of them. */
static bool spend(struct filter_subject *subject, size_t bytes)
{
    uint64_t cost = 1 + bytes / JSON_STEP_BYTES;
    subject->steps = subject->steps > cost ? subject->steps - cost : 0;
    return subject->steps > 0;
}

static bool match_attribute(
    enum dialect dialect, const struct term *term, struct filter_subject *subject, struct buf *why)
{
    const struct event *event = subject->event;
    if (!spend(subject, event->extensions.len))
        return false;
    struct buf scratch = BUF_INIT;
    struct span text = attribute(event, term->name, &scratch);
    bool match = text.len && compare(dialect, text, span_str(term->value));
    if (!match && why)
        say_attribute(why, dialect, term, text);
    buf_done(&scratch);
    return match;
}

static void look_at_payload(struct filter_subject *subject)
{
    const struct event *event = subject->event;
    if (subject->state != PAYLOAD_NEW)
        return;
    if (event->data_kind != EVENT_DATA_JSON)
        subject->state = PAYLOAD_NOT_JSON;
    else
        subject->state =
            json_index_make(&subject->payload, event->data) ? PAYLOAD_INDEXED : PAYLOAD_TOO_LARGE;
}

static void say_json(
    struct buf *why, const struct term *term, bool found, struct span value, struct span wanted)
{
    const char *place = *term->name ? term->name : "the payload";
    if (!found) {
        buf_printf(why, "the payload has no %s", place);
        return;
    }
    buf_printf(why, "%s is ", place);
    say_value(why, value);
    buf_add_str(why, ", not ");
    say_value(why, wanted);
}

static bool match_json(const struct term *term, struct filter_subject *subject, struct buf *why)
{
    struct span value = SPAN_NONE, wanted = span_str(term->value);
    look_at_payload(subject);
    if (subject->state == PAYLOAD_TOO_LARGE)
        subject->steps = 0;
    if (subject->state != PAYLOAD_INDEXED) {
        if (why)
            buf_add_str(why, "the payload is not JSON");
        return false;
    }
    bool found = json_value_find(&subject->payload, span_str(term->name), &subject->steps, &value);
    if (found && json_value_eq(value, wanted, &subject->steps))
        return true;
    if (why)
        say_json(why, term, found, value, wanted);
    return false;
}

static bool match_terms(
    const struct filter *filter, struct filter_subject *subject, struct buf *why)
{
    for (size_t i = 0; i < filter->term_count; i++) {
        const struct term *term = &filter->terms[i];
        if (!(filter->dialect == JSON ? match_json(term, subject, why)
                                      : match_attribute(filter->dialect, term, subject, why)))
            return false;
    }
    return true;
}

static bool match(const struct filter *filter, struct filter_subject *subject, struct buf *why);

static bool match_all(const struct filter *filter, struct filter_subject *subject, struct buf *why)
{
    for (size_t i = 0; i < filter->nested_count; i++)
        if (!match(&filter->nested[i], subject, why))
            return false;
    return true;
}

static bool match_any(const struct filter *filter, struct filter_subject *subject, struct buf *why)
{
    /* What the first ones say is of no interest when a later one matches. */
    struct buf reasons = BUF_INIT;
    bool found = false;
    for (size_t i = 0; !found && i < filter->nested_count; i++) {
        if (i)
            buf_add_str(&reasons, "; ");
        found = match(&filter->nested[i], subject, why ? &reasons : NULL);
    }
    if (!found && why)
        buf_add_span(why, buf_span(&reasons));
    buf_done(&reasons);
    return found;
}

static bool match_not(const struct filter *filter, struct filter_subject *subject, struct buf *why)
{
    if (!match(filter->nested, subject, NULL))
        return true;
    if (why)
        buf_printf(why, "its filter (%s) matches", dialects[filter->nested->dialect].name);
    return false;
}

/* Puts "exact: " and the like before the reason, which is taken back when there is none. */
static bool match(const struct filter *filter, struct filter_subject *subject, struct buf *why)
{
    size_t mark = why ? why->len : 0;
    bool matches;
    if (why)
        buf_printf(why, "%s: ", dialects[filter->dialect].name);
    switch (filter->dialect) {
    case ALL:
        matches = match_all(filter, subject, why);
        break;
    case ANY:
        matches = match_any(filter, subject, why);
        break;
    case NOT:
        matches = match_not(filter, subject, why);
        break;
    default:
        matches = match_terms(filter, subject, why);
        break;
    }
    if (matches && why) {
        why->len = mark;
        why->data[mark] = 0;
    }
    return matches;
}

void filter_subject_init(struct filter_subject *subject, const struct event *event)
{
    *subject = (struct filter_subject){.event = event, .limit = FILTER_STEPS_MAX};
}

void filter_subject_done(struct filter_subject *subject)
{
    json_index_done(&subject->payload);
}

static void say_too_costly(const struct filter_subject *subject, struct buf *why)
{
    if (subject->state == PAYLOAD_TOO_LARGE)
        buf_printf(why, "too costly: the payload has more than %d values", JSON_INDEX_MAX);
    else
        buf_printf(why,
            "too costly: the filters take more than %d steps in this payload; let them "
            "name fewer places, or ones nearer to its beginning",
            FILTER_STEPS_MAX);
}

enum filter_verdict filter_judge(
    const struct filter *filter, struct filter_subject *subject, struct buf *ret_why)
{
    size_t mark = ret_why ? ret_why->len : 0;
    subject->steps = subject->limit;
    if (!filter)
        return FILTER_MATCHES;
    bool matches = match_all(filter, subject, ret_why);
    if (subject->steps)
        return matches ? FILTER_MATCHES : FILTER_DIFFERS;
    if (ret_why) {
        ret_why->len = mark;
        say_too_costly(subject, ret_why);
    }
    return FILTER_TOO_COSTLY;
}
