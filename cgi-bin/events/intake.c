/* intake - see intake.h. */
#include "cgi-bin/events/intake.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "cgi-bin/events/kept.h"
#include "cgi-bin/events/provider.h"
#include "home/stats.h"
#include "model/limits.h"
#include "model/urlencoded.h"
#include "store/events.h"
#include "store/pauses.h"

#define IDEMPOTENCY_KEY_MAX 255
#define PAUSED_RETRY_AFTER "60" /* seconds: a person ends it */

struct intake *intake_new(struct request *request, size_t room)
{
    struct arena *arena = &request->arena;
    struct intake *intake = arena_alloc(arena, sizeof *intake);
    intake->room = room;
    intake->events = arena_array(arena, room, sizeof *intake->events);
    intake->accepted = arena_array(arena, room, sizeof *intake->accepted);
    intake->identities = arena_array(arena, room, sizeof *intake->identities);
    intake->source_word = "source";
    intake->type_word = "type";
    request->state = intake;
    return intake;
}

void intake_add(struct intake *intake, const struct event *event)
{
    assert(intake->count < intake->room);
    struct event *added = &intake->events[intake->count++];
    *added = *event;
    added->cid = uuid_new();
    added->accepted_ms = clock_wall_ms();
}

/* Does nothing but a signature, or a webhook's token, vouch for the request? */
static bool is_signed_alone(const struct request *request)
{
    return request->credential.kind == CREDENTIAL_SECRET;
}

static bool repeats_by_body(const struct request *request)
{
    return request->scheme->bodies_differ || request->credential.options & CREDENTIAL_REPEATS_BODY;
}

/* What the signature is over, in one form: the JSON, where a form came but that is signed. */
static struct span signed_text(const struct request *request, const struct event *event)
{
    bool inner =
        request->scheme->signs_payload && urlencoded_is(request_header(request, "CONTENT_TYPE"));
    return inner ? event->data : request->body;
}

void intake_identify(struct request *request, struct intake *intake, enum identity_kind kind,
    struct span a, struct span b, bool vouched)
{
    struct identity *identity = &intake->identities[intake->count - 1];
    const struct event *event = &intake->events[intake->count - 1];
    const struct uuid *credential = &request->credential.id;
    bool loose = !vouched && is_signed_alone(request);
    if (loose && repeats_by_body(request)) {
        *identity = identity_of_body(credential, signed_text(request, event));
        return;
    }
    if (a.len)
        *identity = identity_of(kind, credential, a, b);
    if (loose && !request->scheme->token && (a.len || request->scheme->id_header[0]))
        identity_watch(identity, credential, signed_text(request, event));
}

static enum err remember(struct store_txn *txn, const struct request *request,
    const struct identity *identity, const struct accepted *accepted, size_t count)
{
    int64_t keep_ms = request->home->config.events_repeat_hours * 3600 * 1000;
    return identity_remember(txn, identity, keep_ms, accepted, count);
}

static enum err store_one(
    struct store_txn *txn, struct request *request, struct intake *intake, size_t i)
{
    struct identity *identity = &intake->identities[i];
    struct accepted *accepted = &intake->accepted[i];
    bool known = identity->given || identity->watched;
    if (known) {
        enum err err = identity_find(txn, identity, &request->arena, accepted, 1);
        if (err != ERR_NOTFOUND)
            return err;
    }
    *accepted = (struct accepted){intake->events[i].cid, intake->events[i].type};
    intake->stored++;
    enum err err = events_append(txn, &intake->events[i]);
    return !err && known ? remember(txn, request, identity, accepted, 1) : err;
}

/* Looks up repeats and appends events in one transaction: 64 equal requests store one event. */
static enum err store(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct intake *intake = request->state;
    struct identity *whole = &intake->whole;
    enum err err;
    intake->stored = 0;
    if (whole->given) {
        err = identity_find(txn, whole, &request->arena, intake->accepted, intake->count);
        if (err != ERR_NOTFOUND)
            return err;
    }
    err = ERR_OK;
    for (size_t i = 0; i < intake->count && !err; i++)
        err = store_one(txn, request, intake, i);
    if (!err && whole->given)
        err = remember(txn, request, whole, intake->accepted, intake->count);
    return err;
}

/* What is to be told of an event that was taken for new, or for a repeat. NULL: nothing. */
static const char *remark(const struct identity *identity)
{
    if (identity->again)
        return "came before, with the same body and another id. Nobody signed the id: it may be a "
               "copy. It is taken as a new event";
    if (!identity->differs)
        return NULL;
    switch (identity->kind) {
    case IDENTITY_CLOUDEVENT:
        return "came before with other contents; source and id name a CloudEvent, so the first one "
               "stands";
    case IDENTITY_BODY:
        return "came before with the same body and other headers; the body alone is signed, so the "
               "first one stands";
    case IDENTITY_REQUEST:
    case IDENTITY_DELIVERY:
        break;
    }
    return "came before with other contents; it is taken as a new event";
}

/* Logs the first event that there is something to tell of, and how many there are. */
static void log_remarks(const struct intake *intake)
{
    size_t first = 0, count = 0;
    for (size_t i = intake->count; i-- > 0;) {
        if (remark(&intake->identities[i])) {
            first = i;
            count++;
        }
    }
    if (!count)
        return;
    const struct event *event = &intake->events[first];
    log_warn("%.*s of %.*s %s; such events in this request: %zu of %zu", (int)event->id.len,
        (const char *)event->id.data, (int)event->source.len, (const char *)event->source.data,
        remark(&intake->identities[first]), count, intake->count);
}

static void print_accepted(const struct accepted *accepted, struct json_out *o)
{
    char cid[UUID_TEXT];
    uuid_format(&accepted->cid, cid);
    json_open(o, '{');
    json_put_str(o, "cid", cid);
    json_put_text(o, "eventType", accepted->type);
    json_close(o, '}');
}

/* Intake is paused, or was until a moment ago. */
static void reply_paused(struct request *request)
{
    struct store_txn *txn;
    struct pause pause;
    struct buf reason = BUF_INIT;
    if (store_read_begin(request->store, &txn) == ERR_OK) {
        if (pauses_get(txn, PAUSE_INTAKE, SPAN_NONE, &pause) == ERR_OK && pause.reason.len)
            buf_add_span(&reason, pause.reason);
        store_read_end(txn);
    }
    reply_header(request, "Retry-After", PAUSED_RETRY_AFTER);
    reply_problem(request, 503,
        "Events are not taken in for the time being; send it again later.%s%s",
        reason.len ? " " : "", buf_text(&reason));
    buf_done(&reason);
}

static void stored(struct request *request, enum err err)
{
    const struct intake *intake = request->state;
    if (err == ERR_CONFLICT) {
        reply_problem(request, 422,
            "Idempotency-Key: was used before with another body or for another event; use a new "
            "key "
            "for a new request.");
        return;
    }
    if (err == ERR_BUSY) {
        reply_paused(request);
        return;
    }
    if (err) {
        reply_error(request, err);
        return;
    }
    log_remarks(intake);
    struct buf body = BUF_INIT;
    struct json_out o = json_out_to(&body);
    if (intake->batch)
        json_open(&o, '[');
    for (size_t i = 0; i < intake->count; i++)
        print_accepted(&intake->accepted[i], &o);
    if (intake->batch)
        json_close(&o, ']');
    if (intake->count)
        reply_cid(request, &intake->accepted[0].cid);
    if (intake->count && !intake->stored) {
        stats_repeat();
        reply_header(request, "Idempotent-Replayed", "true");
    }
    reply_json(request, 200, buf_span(&body));
    buf_done(&body);
}

/* Reads Idempotency-Key, one token of visible text. False when the request was answered. */
static bool read_idempotency_key(struct request *request, struct intake *intake)
{
    bool twice;
    struct span key = request_header_named(request, "idempotency-key", &twice);
    bool good = !twice && key.len <= IDEMPOTENCY_KEY_MAX;
    for (size_t i = 0; i < key.len; i++)
        good &= key.data[i] >= ' ' && key.data[i] < 0x7f;
    if (!good) {
        reply_problem(request, 400,
            "Idempotency-Key: must be sent once, with at most %d visible characters.",
            IDEMPOTENCY_KEY_MAX);
        return false;
    }
    if (key.len)
        intake->whole = identity_of(IDENTITY_REQUEST, &request->credential.id, key, request->path);
    return true;
}

bool intake_name(struct request *request, const char *name, struct span *ret_value)
{
    if (!is_signed_alone(request) || request->credential.options & CREDENTIAL_URL_NAMES)
        return request_text(request, name, ret_value);
    if (request_query(request, name, ret_value) != ERR_NOTFOUND)
        log_info("%s in the URL counts for nothing: nobody signed it, and this secret was made "
                 "without --url-names",
            name);
    *ret_value = SPAN_NONE;
    return true;
}

/* Reads ?topic=, for all events of the request. False when the request was answered. */
static bool read_topic(struct request *request, struct intake *intake)
{
    struct span topic;
    if (!intake_name(request, "topic", &topic))
        return false;
    if (topic.data && !topic.len) {
        reply_problem(request, 422, "topic: must not be empty.");
        return false;
    }
    for (size_t i = 0; topic.len && i < intake->count; i++)
        intake->events[i].topic = topic;
    return true;
}

/*
 * May this credential send events of that name, as a type or as a topic? Pipelines start by the
 * topic, so a limit on types that left it open would be none. A secret without a limit that has
 * signed none of the names sends its provider's alone. False when the request was answered.
 */
static bool may_name(
    struct request *request, const struct intake *intake, const char *word, struct span name)
{
    struct span types = request->credential.types;
    bool unvouched = intake->unvouched && is_signed_alone(request);
    if (types.len ? credential_allows(types, name) : !unvouched || provider_may_name(request, name))
        return true;
    reply_problem(request, 403,
        types.len ? "%s: this credential may not send events of this type."
                  : "%s: stands in a header that is not signed; a secret made with --types may "
                    "send it.",
        word);
    return false;
}

static bool may_send_from(struct request *request, const struct intake *intake, struct span source)
{
    if (credential_allows(request->credential.sources, source))
        return true;
    reply_problem(request, 403, "%s: this credential may not send events from this source.",
        intake->source_word);
    return false;
}

/* Is the event sound, and may this credential send it? False when the request was answered. */
static bool check(struct request *request, const struct intake *intake, size_t i)
{
    const struct event *event = &intake->events[i];
    struct buf why = BUF_INIT;
    bool good = event_check(event, intake->source_word, intake->type_word, &why);
    if (!good && intake->batch)
        reply_problem(request, 422, "Event %zu of the batch: %s", i + 1, buf_text(&why));
    else if (!good)
        reply_problem(request, 422, "%s", buf_text(&why));
    buf_done(&why);
    if (!good)
        return false;
    return may_name(request, intake, intake->type_word, event->type) &&
           may_name(request, intake, "topic", event_topic(event)) &&
           may_send_from(request, intake, event->source);
}

/* Reads the contents of whatever has a name. */
static void read_contents(struct request *request, struct intake *intake)
{
    for (size_t i = 0; i < intake->count; i++)
        if (intake->whole.given || intake->identities[i].given || intake->identities[i].watched)
            identity_set_event(&intake->identities[i], &intake->events[i]);
    if (intake->whole.given)
        identity_set_request(&intake->whole, request->body, intake->identities, intake->count);
}

void intake_finish(struct request *request, struct intake *intake)
{
    if (!read_topic(request, intake) || !read_idempotency_key(request, intake))
        return;
    for (size_t i = 0; i < intake->count; i++)
        if (!check(request, intake, i))
            return;
    read_contents(request, intake);
    kept_note(request, intake->events, intake->count);
    request_write(request, STORE_ACCEPT | STORE_INTAKE | STORE_WAKE | STORE_UNTOLD, store, stored);
}
