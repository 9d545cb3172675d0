#ifndef MODEL_PIPELINE_H
#define MODEL_PIPELINE_H
/*
 * pipeline - a named, versioned list of steps with options: what a definition
 * may say, checked once when it is stored and read the same way when it runs.
 *
 * The stored definition is the JSON object {"name", "steps", "options"} with the
 * bytes of `steps` and `options` as the client sent them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/cron.h"
#include "model/filter.h"
#include "model/retry.h"

enum step_kind { STEP_SCRIPT, STEP_HTTP, STEP_PUBLISH, STEP__MAX };

/*
 * A text that a definition gives, or that a step secret stands for. Of a secret the definition
 * has the name alone; whoever runs the pipeline fills in the text (pipeline_each_secret).
 */
struct text {
    char *text;
    char *secret; /* the name of the step secret; NULL: there is none */
};

struct pair {
    char *name;
    struct text value;
};

struct step {
    char *name;
    enum step_kind kind;
    struct filter *when; /* NULL: always */
    int64_t timeout_ms;  /* 0: as the setting step.timeout_seconds says */
    char *inputs;        /* JSON objects as text, handed to the step; "{}" where absent */
    char *outputs;

    char *script; /* STEP_SCRIPT: an executable in the home's scripts/ */
    bool persistent;

    char *url; /* STEP_HTTP */
    struct text secret;
    struct pair *headers;
    size_t header_count;
    bool structured; /* the CloudEvent is sent in structured mode; else in binary mode */

    char *event_type; /* STEP_PUBLISH */
    char *event_source;
    char *topic;
    char *payload; /* JSON text, or NULL for the data saved so far */
    bool loop;     /* may publish onto the topic of its own pipeline */
};

struct scale {
    uint32_t min, max;
    int64_t idle_timeout_ms;
};

#define SCALE_DEFAULT ((struct scale){0, 4, 60000})
#define ATTEMPT_TIMEOUT_DEFAULT_MS 300000

struct pipeline {
    char *name;
    char *event;        /* topic, or a prefix ending in '*'; NULL: no event option */
    bool from_earliest; /* initial_offset "earliest" */
    struct filter *filters;
    struct scale scale;
    bool ordered;
    struct retry retry;
    int64_t attempt_timeout_ms; /* of one attempt */
    int64_t timeout_ms; /* of all attempts and the waits between them, from the start of the first
                           on; 0: no limit */
    bool scheduled;
    struct cron schedule;
    struct pair *env;
    size_t env_count;
    struct step *steps;
    size_t step_count;
    bool has_secrets; /* it refers to step secrets */
};

/*
 * What stands in the place of a secret's value. As the secret of an HTTP step it is refused, since
 * it was shown in place of that once.
 */
#define SECRET_SHOWN "(not shown)"

/*
 * Reads and checks a whole definition: the text of a JSON object with name,
 * steps, options and nothing else. ERR_INVALID and a sentence in ret_why that
 * names the field and says what would be right, e.g.
 * `steps[1].script: a script is a file name in the home's scripts directory, without "/"`.
 * On ERR_OK the caller owns *ret_pipeline (pipeline_free).
 */
enum err pipeline_parse(
    struct span definition, struct pipeline **ret_pipeline, struct buf *ret_why) MUST_CHECK;
void pipeline_free(struct pipeline *pipeline);

/*
 * Is the pipeline within the bounds that were set after some definitions had been stored, which
 * therefore hold for new ones alone? Otherwise ERR_INVALID and a sentence in ret_why that names
 * the field.
 */
enum err pipeline_check_bounds(const struct pipeline *pipeline, struct buf *ret_why) MUST_CHECK;

/*
 * Has the operator opened every variable that the definition sets? `open` is [step] env_allow of
 * fx.conf (base/names.h). Otherwise ERR_DENIED and a sentence in ret_why that names the variable
 * and the line that would open it.
 */
enum err pipeline_check_env(
    const struct pipeline *pipeline, const char *open, struct buf *ret_why) MUST_CHECK;

/* A place in a pipeline where a secret stands, or may stand. */
struct secret_place {
    const struct step *step; /* NULL: the pipeline's options.env */
    size_t step_number;
    const char *member; /* the name of a variable or of a header; NULL: http.secret */
    struct text *text;
    bool (*rule)(struct span value); /* what the value must be … */
    const char *right;               /* … in words */
};

/* Appends the path of the place, such as `steps[0].http.headers.Authorization`. */
void secret_place_print(const struct secret_place *place, struct buf *out);

/*
 * Visits the places where a definition refers to a step secret, in an order that is the same for
 * the same definition, until the visitor says false. The text is the visitor's to set.
 */
typedef bool pipeline_secret_visit(const struct secret_place *place, void *context);
bool pipeline_each_secret(
    const struct pipeline *pipeline, pipeline_secret_visit *visit, void *context);

/*
 * Does the event's topic match the event option ("orders", or "orders.*" by prefix)? A prefix
 * matches the bridge's own topics (name_is_ours) only where it begins with "fx." itself.
 */
bool topic_matches(struct span pattern, struct span topic);

#endif
