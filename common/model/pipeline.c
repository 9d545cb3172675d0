/* pipeline - see pipeline.h. */
#include "model/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_tree.h"
#include "base/names.h"
#include "base/url.h"
#include "model/field.h"
#include "model/limits.h"
#include "model/name.h"
#include "model/whsec.h"

#define SHORTEST_TIMEOUT 0.001 /* seconds; one millisecond, since 0 stands for a default */

/* Texts that are no names. */

static bool has_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 || s.data[i] == 0x7f)
            return true;
    return false;
}

static bool is_event_pattern(struct span s)
{
    if (!s.len || s.len > TOPIC_MAX || s.data[s.len - 1] != '*')
        return name_is_topic(s);
    return s.len == 1 || name_is_topic(span_of(s.data, s.len - 1));
}

static bool is_source(struct span s)
{
    return s.len >= 1 && s.len <= EVENT_SOURCE_MAX && !has_control(s);
}

static bool is_secret(struct span s)
{
    struct buf key = BUF_INIT;
    bool good = s.len >= 1 && s.len <= SECRET_MAX && !span_eq_str(s, SECRET_SHOWN) &&
                (!whsec_is_marked(s) || whsec_key(s, &key));
    buf_done(&key);
    return good;
}

static bool is_variable_value(struct span s)
{
    return s.len <= ENV_VALUE_MAX;
}

static bool is_header_value(struct span s)
{
    return s.len <= STEP_HEADER_VALUE_MAX && !has_control(s);
}

/* A token (RFC 9110, section 5.6.2), but no header that the HTTP client itself writes. */
static bool is_header_name(struct span s)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char *const reserved[] = {
        "host", "content-length", "transfer-encoding", "connection"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (s.len == strlen(reserved[i]) &&
            strncasecmp((const char *)s.data, reserved[i], s.len) == 0)
            return false;
    for (size_t i = 0; i < s.len; i++)
        if (!s.data[i] || !strchr(token, s.data[i]))
            return false;
    return s.len > 0;
}

/* Texts that a step secret may stand for. */

#define OR_A_SECRET ", or {\"secret\": NAME}"
#define RIGHT_SECRET \
    "a secret has 1 to 1024 bytes, and behind \"whsec_\" the base64 of 16 to 128 " \
    "bytes" OR_A_SECRET
#define RIGHT_HEADER_VALUE \
    "must be a string of 8192 bytes at most, without control characters" OR_A_SECRET
#define RIGHT_VARIABLE_VALUE "must be a string of 8192 bytes at most" OR_A_SECRET

static bool is_secret_name(struct span s)
{
    return name_is_step_secret(s) || name_is_own_secret(s);
}

static const struct field reference_fields[] = {
    {.name = "secret",
        .read = field_text,
        .offset = offsetof(struct text, secret),
        .required = true,
        .rule = is_secret_name,
        .right = "the name of a step secret is 1 to 64 letters, digits, \".\", \"_\" and \"-\", "
                 "and begins with a letter or a digit"},
    {.name = NULL},
};

static bool read_text(struct field_reader *r, const struct json_tree *v,
    bool (*rule)(struct span text), const char *right, struct text *ret_text)
{
    if (json_tree_type(v) == JSON_OBJECT)
        return field_object(r, v, reference_fields, ret_text);
    if (json_tree_type(v) != JSON_STRING || !rule(json_tree_text(v)))
        return field_refuse(r, "%s", right);
    ret_text->text = span_dup(json_tree_text(v));
    return true;
}

static bool read_secret(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    return read_text(r, v, field->rule, field->right, at);
}

/* Objects of names and strings: env and headers. */

struct pair_rules {
    size_t max;
    bool (*is_name)(struct span s);
    bool (*is_value)(struct span s);
    const char *right_name, *right_value;
    bool any_case; /* names that differ in case alone are the same */
};

struct pairs {
    struct field_reader *r;
    const struct pair_rules *rules;
    struct pair *list;
    size_t count;
};

static bool has_name(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; pairs->rules->any_case && i < pairs->count; i++)
        if (strcasecmp(pairs->list[i].name, name) == 0)
            return true;
    return false;
}

static bool visit_pair(const char *name, struct json_tree *value, void *context)
{
    struct pairs *pairs = context;
    const struct pair_rules *rules = pairs->rules;
    if (!rules->is_name(span_str(name)))
        return field_refuse_member(pairs->r, name, "%s", rules->right_name);
    if (has_name(pairs, name))
        return field_refuse_member(pairs->r, name, "is there twice, in another case");
    struct pair *pair = &pairs->list[pairs->count++];
    size_t mark = field_enter(pairs->r, name);
    *pair = (struct pair){.name = mem_strdup(name)};
    bool good = read_text(pairs->r, value, rules->is_value, rules->right_value, &pair->value);
    field_leave(pairs->r, mark);
    return good;
}

/* The caller owns the pairs that were read, also when a later one was refused. */
static bool read_pairs(struct field_reader *r, const struct json_tree *v,
    const struct pair_rules *rules, struct pair **ret_list, size_t *ret_count)
{
    size_t count = json_tree_count(v);
    if (!field_is(r, v, JSON_OBJECT))
        return false;
    if (count > rules->max)
        return field_refuse(r, "has %zu members; %zu are allowed", count, rules->max);
    struct pairs pairs = {r, rules, mem_alloc((count + 1) * sizeof(struct pair)), 0};
    bool good = json_tree_each(v, visit_pair, &pairs);
    *ret_list = pairs.list;
    *ret_count = pairs.count;
    return good;
}

static bool read_headers(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    static const struct pair_rules rules = {
        .max = STEP_HEADERS_MAX,
        .is_name = is_header_name,
        .is_value = is_header_value,
        .right_name = "is not the name of a header that a step may set: a token of RFC 9110, and "
                      "not Host, Content-Length, Transfer-Encoding or Connection",
        .right_value = RIGHT_HEADER_VALUE,
        .any_case = true,
    };
    (void)field;
    struct step *step = at;
    return read_pairs(r, v, &rules, &step->headers, &step->header_count);
}

static bool read_env(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    static const struct pair_rules rules = {
        .max = ENV_MAX,
        .is_name = name_is_variable,
        .is_value = is_variable_value,
        .right_name = "is not the name of a variable: letters, digits and \"_\", no digit first, "
                      "128 at most; not FX_…, which the bridge sets",
        .right_value = RIGHT_VARIABLE_VALUE,
    };
    (void)field;
    struct pipeline *pipeline = at;
    return read_pairs(r, v, &rules, &pipeline->env, &pipeline->env_count);
}

/* Readers of single fields that no other document has. */

static bool read_filters(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    (void)field;
    struct filter **filter = at;
    *filter = filter_parse(v, buf_text(&r->path), r->why);
    return *filter;
}

static bool read_url(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    (void)field;
    char **url = at;
    if (!field_is(r, v, JSON_STRING))
        return false;
    const char *fault = url_fault(json_tree_text(v));
    if (fault)
        return field_refuse(r, "%s", fault);
    *url = span_dup(json_tree_text(v));
    return true;
}

static bool read_schedule(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    (void)field;
    struct pipeline *pipeline = at;
    struct buf why = BUF_INIT;
    if (!field_is(r, v, JSON_STRING))
        return false;
    bool good = cron_parse(json_tree_text(v), &pipeline->schedule, &why);
    if (!good)
        field_refuse(r, "%s", buf_text(&why));
    else if (cron_next_ms(&pipeline->schedule, 0) < 0)
        good = field_refuse(r, "no date matches it");
    pipeline->scheduled = good;
    buf_done(&why);
    return good;
}

/* A row of a table: the member's name, its reader, and where it goes in the target. */
#define FIELD(text, reader, target, member) \
    .name = text, .read = reader, .offset = offsetof(struct target, member)

/* Steps. */

static const struct field http_fields[] = {
    {FIELD("url", read_url, step, url), .required = true},
    {.name = "headers", .read = read_headers},
    {FIELD("secret", read_secret, step, secret), .rule = is_secret, .right = RIGHT_SECRET},
    {FIELD("mode", field_choice, step, structured), .choices = {"binary", "structured"}},
    {.name = NULL},
};

#define RIGHT_TYPE \
    "an event type is 1 to 249 characters: letters, digits, \".\", \"_\", \":\", \"/\" and \"-\""
#define RIGHT_TOPIC \
    "a topic is 1 to 249 characters: letters, digits, \".\", \"_\", \":\", \"/\" and \"-\""

static const struct field publish_fields[] = {
    {FIELD("event_type", field_text, step, event_type), .required = true, .rule = name_is_topic,
        .right = RIGHT_TYPE},
    {FIELD("event_source", field_text, step, event_source), .rule = is_source,
        .right = "a source has 1 to 2048 bytes, without control characters"},
    {FIELD("topic", field_text, step, topic), .rule = name_is_topic, .right = RIGHT_TOPIC},
    {FIELD("payload", field_json, step, payload)},
    {FIELD("loop", field_flag, step, loop)},
    {.name = NULL},
};

static const struct field step_option_fields[] = {
    {FIELD("timeout", field_seconds, step, timeout_ms), .min = SHORTEST_TIMEOUT,
        .max = SECONDS_MAX},
    {FIELD("persistent", field_flag, step, persistent)},
    {.name = NULL},
};

static const struct field step_fields[] = {
    {FIELD("name", field_text, step, name), .required = true, .rule = name_is_step,
        .right = "the name of a step is 1 to 64 letters, digits, \".\", \"_\" and \"-\", and "
                 "begins with a letter or a digit"},
    {FIELD("script", field_text, step, script), .rule = name_is_script,
        .right = "a script is a file name in the home's scripts directory, without \"/\": 1 to 128 "
                 "letters, digits, \".\", \"_\" and \"-\", not beginning with \".\" or \"-\""},
    {.name = "http", .read = field_members, .members = http_fields},
    {.name = "publish", .read = field_members, .members = publish_fields},
    {FIELD("inputs", field_json_object, step, inputs)},
    {FIELD("outputs", field_json_object, step, outputs)},
    {FIELD("when", read_filters, step, when)},
    {.name = "options", .read = field_members, .members = step_option_fields},
    {.name = NULL},
};

/* What a step must be as a whole, once its members are known to be good. */
static bool check_step(struct field_reader *r, const struct json_tree *v, struct step *step)
{
    if (!!step->script + !!step->url + !!step->event_type != 1)
        return field_refuse(r, "must have exactly one of script, http and publish");
    step->kind = step->script ? STEP_SCRIPT : step->url ? STEP_HTTP : STEP_PUBLISH;
    if (step->kind == STEP_SCRIPT || !json_tree_has(json_tree_get(v, "options"), "persistent"))
        return true;
    return field_refuse_member(r, "options.persistent", "is for steps with a script only");
}

static bool read_step(struct field_reader *r, const struct json_tree *v, struct step *step)
{
    if (!field_object(r, v, step_fields, step) || !check_step(r, v, step))
        return false;
    if (!step->inputs)
        step->inputs = mem_strdup("{}");
    if (!step->outputs)
        step->outputs = mem_strdup("{}");
    return true;
}

static bool check_step_name(struct field_reader *r, const struct pipeline *pipeline, size_t i)
{
    size_t k = 0;
    while (k < i && strcmp(pipeline->steps[k].name, pipeline->steps[i].name) != 0)
        k++;
    if (k == i)
        return true;
    return field_refuse_member(r, "name",
        "is also the name of steps[%zu]; the steps of a pipeline have different names", k);
}

static bool read_steps(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    (void)field;
    struct pipeline *pipeline = at;
    size_t count = json_tree_count(v);
    if (!field_is(r, v, JSON_ARRAY))
        return false;
    if (count < 1 || count > STEPS_MAX)
        return field_refuse(r, "a pipeline has 1 to %d steps, not %zu", STEPS_MAX, count);
    pipeline->steps = mem_alloc(count * sizeof *pipeline->steps);
    pipeline->step_count = count;
    for (size_t i = 0; i < count; i++) {
        size_t mark = field_enter_element(r, i);
        bool good = read_step(r, json_tree_at(v, i), &pipeline->steps[i]) &&
                    check_step_name(r, pipeline, i);
        field_leave(r, mark);
        if (!good)
            return false;
    }
    return true;
}

/* Options. */

static const struct field scale_fields[] = {
    {FIELD("min", field_whole, scale, min), .min = 0, .max = SCALE_MAX},
    {FIELD("max", field_whole, scale, max), .min = 1, .max = SCALE_MAX},
    {FIELD("idle_timeout", field_seconds, scale, idle_timeout_ms), .min = 0, .max = SECONDS_MAX},
    {.name = NULL},
};

static bool read_scale(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    (void)field;
    struct scale *scale = at;
    if (!field_object(r, v, scale_fields, scale))
        return false;
    if (scale->min <= scale->max)
        return true;
    return field_refuse_member(r, "min", "must not be larger than max, which is %u", scale->max);
}

static const struct field retry_fields[] = {
    {FIELD("limit", field_whole, retry, limit), .min = 0, .max = RETRY_LIMIT_MAX},
    {FIELD("delay", field_seconds, retry, delay_ms), .min = 0, .max = SECONDS_MAX},
    {FIELD("max_delay", field_seconds, retry, max_delay_ms), .min = 0, .max = SECONDS_MAX},
    {.name = NULL},
};

static const struct field option_fields[] = {
    {FIELD("event", field_text, pipeline, event), .rule = is_event_pattern,
        .right = RIGHT_TOPIC "; \"*\" at its end matches whatever follows"},
    {FIELD("initial_offset", field_choice, pipeline, from_earliest),
        .choices = {"latest", "earliest"}},
    {FIELD("filters", read_filters, pipeline, filters)},
    {FIELD("scale", read_scale, pipeline, scale)},
    {FIELD("ordered", field_flag, pipeline, ordered)},
    {FIELD("retry", field_members, pipeline, retry), .members = retry_fields},
    {FIELD("attempt_timeout", field_seconds, pipeline, attempt_timeout_ms), .min = SHORTEST_TIMEOUT,
        .max = SECONDS_MAX},
    {FIELD("timeout", field_seconds, pipeline, timeout_ms), .min = SHORTEST_TIMEOUT,
        .max = SECONDS_MAX},
    {.name = "schedule", .read = read_schedule},
    {.name = "env", .read = read_env},
    {.name = NULL},
};

static const struct field pipeline_fields[] = {
    {FIELD("name", field_text, pipeline, name), .required = true, .rule = name_is_pipeline,
        .right = "the name of a pipeline is 1 to 64 characters that show, without a blank at its "
                 "ends"},
    {.name = "steps", .read = read_steps, .required = true},
    {.name = "options", .read = field_members, .members = option_fields},
    {.name = NULL},
};

/* Places of secrets. */

void secret_place_print(const struct secret_place *place, struct buf *out)
{
    if (!place->step)
        buf_printf(out, "options.env.%s", place->member);
    else if (place->member)
        buf_printf(out, "steps[%zu].http.headers.%s", place->step_number, place->member);
    else
        buf_printf(out, "steps[%zu].http.secret", place->step_number);
}

/* Visits a place where a secret stands. */
static bool visit_place(struct secret_place place, pipeline_secret_visit *visit, void *context)
{
    return !place.text->secret || visit(&place, context);
}

static bool visit_step(
    struct step *step, size_t number, pipeline_secret_visit *visit, void *context)
{
    struct secret_place place = {step, number, NULL, &step->secret, is_secret,
        "is 1 to 1024 bytes, and behind whsec_ base64"};
    bool more = visit_place(place, visit, context);
    place.rule = is_header_value;
    place.right = "has no control characters";
    for (size_t i = 0; more && i < step->header_count; i++) {
        place.member = step->headers[i].name;
        place.text = &step->headers[i].value;
        more = visit_place(place, visit, context);
    }
    return more;
}

bool pipeline_each_secret(
    const struct pipeline *pipeline, pipeline_secret_visit *visit, void *context)
{
    bool more = true;
    for (size_t i = 0; more && i < pipeline->env_count; i++) {
        struct pair *pair = &pipeline->env[i];
        struct secret_place place = {
            NULL, 0, pair->name, &pair->value, is_variable_value, "is 8192 bytes at most"};
        more = visit_place(place, visit, context);
    }
    for (size_t i = 0; more && i < pipeline->step_count; i++)
        more = visit_step(&pipeline->steps[i], i, visit, context);
    return more;
}

static bool none(const struct secret_place *place, void *context)
{
    (void)place, (void)context;
    return false;
}

enum err pipeline_parse(struct span definition, struct pipeline **ret_pipeline, struct buf *ret_why)
{
    struct json_fault fault;
    struct json_tree *tree = json_tree_parse(definition, JSON_DEPTH_DEFAULT, &fault);
    if (!tree && fault.what) {
        buf_printf(ret_why, "the definition is not acceptable JSON: %s, at byte %zu", fault.what,
            fault.offset);
        return ERR_INVALID;
    }
    if (json_tree_type(tree) != JSON_OBJECT) {
        buf_add_str(ret_why, "the definition must be a JSON object with name, steps and options");
        json_tree_free(tree);
        return ERR_INVALID;
    }
    struct pipeline *pipeline = mem_alloc(sizeof *pipeline);
    pipeline->scale = SCALE_DEFAULT;
    pipeline->retry = RETRY_DEFAULT;
    pipeline->attempt_timeout_ms = ATTEMPT_TIMEOUT_DEFAULT_MS;

    struct field_reader reader;
    field_reader_init(&reader, "", ret_why);
    bool good = field_object(&reader, tree, pipeline_fields, pipeline);
    field_reader_done(&reader);
    json_tree_free(tree);
    if (!good) {
        pipeline_free(pipeline);
        return ERR_INVALID;
    }
    pipeline->has_secrets = !pipeline_each_secret(pipeline, none, NULL);
    *ret_pipeline = pipeline;
    return ERR_OK;
}

static void text_done(struct text *text)
{
    free(text->text);
    free(text->secret);
}

static void free_pairs(struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].name);
        text_done(&pairs[i].value);
    }
    free(pairs);
}

static void step_done(struct step *step)
{
    free(step->name);
    filter_free(step->when);
    free(step->inputs);
    free(step->outputs);
    free(step->script);
    free(step->url);
    text_done(&step->secret);
    free_pairs(step->headers, step->header_count);
    free(step->event_type);
    free(step->event_source);
    free(step->topic);
    free(step->payload);
}

void pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    for (size_t i = 0; i < pipeline->step_count; i++)
        step_done(&pipeline->steps[i]);
    free(pipeline->steps);
    free_pairs(pipeline->env, pipeline->env_count);
    filter_free(pipeline->filters);
    free(pipeline->event);
    free(pipeline->name);
    free(pipeline);
}

/* Does the step start its own pipeline again, without saying that this is meant? */
static bool is_blind_loop(const struct pipeline *pipeline, const struct step *step)
{
    const char *topic = step->topic ? step->topic : step->event_type;
    return step->kind == STEP_PUBLISH && !step->loop && pipeline->event &&
           topic_matches(span_str(pipeline->event), span_str(topic));
}

/* Nobody publishes what the bridge alone tells. */
static bool check_published(const struct step *step, size_t number, struct buf *ret_why)
{
    bool good_type = !step->event_type || !name_is_ours(span_str(step->event_type));
    if (good_type && (!step->topic || !name_is_ours(span_str(step->topic))))
        return true;
    buf_printf(ret_why, "steps[%zu].publish.%s: " NAME_NOT_OURS, number,
        good_type ? "topic" : "event_type");
    return false;
}

enum err pipeline_check_bounds(const struct pipeline *pipeline, struct buf *ret_why)
{
    bool good = filter_is_bounded(pipeline->filters, "options.filters", ret_why);
    for (size_t i = 0; good && i < pipeline->step_count; i++) {
        char where[64];
        snprintf(where, sizeof where, "steps[%zu].when", i);
        good = filter_is_bounded(pipeline->steps[i].when, where, ret_why) &&
               check_published(&pipeline->steps[i], i, ret_why);
        if (good && is_blind_loop(pipeline, &pipeline->steps[i])) {
            good = false;
            buf_printf(ret_why,
                "steps[%zu].publish: its event starts this pipeline again, without end; where that "
                "is meant, say \"loop\": true and end it with a when",
                i);
        }
    }
    return good ? ERR_OK : ERR_INVALID;
}

enum err pipeline_check_env(const struct pipeline *pipeline, const char *open, struct buf *ret_why)
{
    for (size_t i = 0; i < pipeline->env_count; i++) {
        const char *name = pipeline->env[i].name;
        if (names_have(open, name))
            continue;
        buf_printf(ret_why,
            "options.env.%s: is not open to pipelines, since many programs run what a variable "
            "says; where this one is harmless, the operator opens it with the setting [step] "
            "env_allow = "
            "%s%s%s",
            name, open, *open ? " " : "", name);
        return ERR_DENIED;
    }
    return ERR_OK;
}

bool topic_matches(struct span pattern, struct span topic)
{
    if (!pattern.len || pattern.data[pattern.len - 1] != '*')
        return span_eq(pattern, topic);
    struct span prefix = span_of(pattern.data, pattern.len - 1);
    return span_starts(topic, prefix) &&
           (!name_is_ours(topic) || span_starts(prefix, span_str(NAME_OURS)));
}
