/* provider - see provider.h. */
#include "cgi-bin/events/provider.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "model/cloudevent_type.h"
#include "model/limits.h"
#include "model/name.h"

#define PATHS_MAX 3
#define SLASH_COMMAND "slash_command"

/*
 * How one provider names its events. Paths are names of members with dots between them; of an
 * array the first element is meant.
 */
struct provider {
    const char *name, *prefix;
    const char *events[PATHS_MAX];  /* paths of what names the event, before its header does */
    const char *action;             /* is joined behind the event's name, or NULL */
    const char *delivery;           /* identifies the delivery where no header does, or NULL */
    const char *subject;            /* is the subject, or NULL */
    const char *sources[PATHS_MAX]; /* paths of the source */
    const char *source;             /* the source, where no path is */
    bool sends_fields;              /* a form without a payload is one itself */
};

#define GITHUB .action = "action", .sources = {"repository.html_url", "repository.url"}
/* GitLab's header is for people: "Merge Request Hook". System hooks have event_name alone. */
#define GITLAB \
    .prefix = "com.gitlab.", .events = {"object_kind", "event_name"}, .subject = "checkout_sha", \
    .sources = {"project.web_url"}

static const struct provider providers[] = {
    {"github", "com.github.", GITHUB},
    {"gitea", "com.gitea.", GITHUB},
    {"forgejo", "com.forgejo.", GITHUB},
    {"gitlab", GITLAB},
    {"gitlab-signing", GITLAB},
    /* Bitbucket Cloud has one link, Bitbucket Data Center an array of them. */
    {"bitbucket", "com.bitbucket.",
        .sources = {"repository.links.html.href", "repository.links.self.href"}},
    {"stripe", "com.stripe.", .events = {"type"}, .delivery = "id", .source = "https://stripe.com"},
    /* Slack wraps what happened: {"type": "event_callback", "event": {"type": …}}. */
    {"slack", "com.slack.", .events = {"event.type", "type"}, .delivery = "event_id",
        .source = "https://slack.com", .sends_fields = true},
    {"shopify", "com.shopify."},
    {"standard-webhooks", "", .events = {"type"}},
    {"generic", ""},
};

/* Headers that tell the provider where no secret does. Forgejo sends Gitea's as well, and Gitea
 * GitHub's, for receivers that know those alone. */
static const struct {
    const char *header, *provider;
} signs[] = {
    {"x-forgejo-event", "forgejo"},
    {"x-gitea-event", "gitea"},
    {"x-github-event", "github"},
    {"x-gitlab-event", "gitlab"},
    {"x-event-key", "bitbucket"},
    {"x-shopify-topic", "shopify"},
};

/* The provider of the secret; where a key has come instead, the provider of the headers. */
static const struct provider *find(const struct request *request)
{
    struct span name = request->credential.provider;
    bool twice;
    for (size_t i = 0; !name.len && i < sizeof signs / sizeof signs[0]; i++)
        if (request_header_named(request, signs[i].header, &twice).len)
            name = span_str(signs[i].provider);
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++)
        if (span_eq_str(name, providers[i].name))
            return &providers[i];
    return NULL;
}

/* The scheme that the request is signed by, or would be. NULL: it has none. */
static const struct scheme *scheme_for(const struct request *request, const struct provider *p)
{
    return request->scheme ? request->scheme : scheme_preset(span_str(p->name));
}

/* The member of an object, or of an array's first element. False: there is none. */
static bool step_into(struct span value, const char *name, struct json_item *ret_item)
{
    struct json_walk walk = json_walk_start(value);
    if (json_type_of(value) == JSON_ARRAY && json_walk_next(&walk, ret_item))
        value = ret_item->value;
    return json_type_of(value) == JSON_OBJECT && json_find(value, name, ret_item);
}

/* The text at a path; empty where there is none that an event may be named by. */
static struct span text_at(struct span value, const char *path, struct arena *arena)
{
    struct json_item item = {.type = JSON_NULL};
    char name[32];
    for (size_t len; path && *path; path += len + (path[len] == '.')) {
        len = strcspn(path, ".");
        assert(len < sizeof name);
        memcpy(name, path, len);
        name[len] = 0;
        if (!step_into(value, name, &item))
            return SPAN_NONE;
        value = item.value;
    }
    if (item.type != JSON_STRING)
        return SPAN_NONE;
    struct span text = json_unescaped(item.value, arena);
    return cloudevent_is_string(text) ? text : SPAN_NONE;
}

static struct span first_text(
    struct span value, const char *const paths[PATHS_MAX], struct arena *arena)
{
    struct span text = SPAN_NONE;
    for (size_t i = 0; i < PATHS_MAX && !text.len; i++)
        text = text_at(value, paths[i], arena);
    return text;
}

static struct span event_of(struct request *request, const struct provider *p, struct span payload)
{
    const struct scheme *scheme = scheme_for(request, p);
    struct span event = first_text(payload, p->events, &request->arena);
    bool twice;
    if (!event.len && scheme && scheme->event_header[0])
        event = request_header_named(request, scheme->event_header, &twice);
    if (!event.len && p->sends_fields && text_at(payload, "command", &request->arena).len)
        event = span_str(SLASH_COMMAND);
    return event;
}

/* The type, where it can be a topic. A longer one is not even put together. */
static struct span type_of(struct request *request, const struct provider *p, struct span payload)
{
    struct span event = event_of(request, p, payload);
    struct span action = text_at(payload, p->action, &request->arena);
    struct buf type = BUF_INIT;
    if (!event.len || event.len + action.len > TOPIC_MAX)
        return SPAN_NONE;
    buf_add_str(&type, p->prefix);
    buf_add_span(&type, event);
    if (action.len)
        buf_add_char(&type, '.');
    buf_add_span(&type, action);
    for (size_t i = 0; i < type.len; i++)
        if (type.data[i] == '/')
            type.data[i] = '.';
    struct span kept = arena_keep(&request->arena, &type);
    return name_is_topic(kept) ? kept : SPAN_NONE;
}

static struct span shop_of(struct request *request)
{
    bool twice;
    struct span shop = request_header_named(request, "x-shopify-shop-domain", &twice);
    struct buf source = BUF_INIT;
    if (!shop.len || !cloudevent_is_string(shop))
        return SPAN_NONE;
    buf_add_str(&source, "https://");
    buf_add_span(&source, shop);
    return arena_keep(&request->arena, &source);
}

static struct span source_of(struct request *request, const struct provider *p, struct span payload)
{
    if (p->source)
        return span_str(p->source);
    if (strcmp(p->name, "shopify") == 0)
        return shop_of(request);
    return first_text(payload, p->sources, &request->arena);
}

static void read_id(struct request *request, const struct provider *p, struct span payload,
    struct delivery *delivery)
{
    const struct scheme *scheme = scheme_for(request, p);
    struct signed_request message = request_signed(request);
    if (scheme) {
        delivery->id = scheme_delivery_id(scheme, &message);
        delivery->id_signed = scheme_signs_id(scheme);
    }
    if (delivery->id.len || !p->delivery)
        return;
    delivery->id = text_at(payload, p->delivery, &request->arena);
    delivery->id_signed = delivery->id.len > 0;
}

struct delivery provider_read(struct request *request, struct span payload)
{
    const struct provider *p = find(request);
    struct delivery delivery = {.type = SPAN_NONE};
    if (!p)
        return delivery;
    read_id(request, p, payload, &delivery);
    delivery.type = type_of(request, p, payload);
    delivery.source = source_of(request, p, payload);
    delivery.subject = text_at(payload, p->subject, &request->arena);
    return delivery;
}

bool provider_sends_fields(const struct request *request)
{
    const struct provider *p = find(request);
    return p && p->sends_fields;
}

bool provider_may_name(const struct request *request, struct span name)
{
    const struct provider *p = find(request);
    return p && *p->prefix && span_starts(name, span_str(p->prefix));
}

bool provider_answers(struct request *request, struct span payload)
{
    struct arena *arena = &request->arena;
    if (!span_eq_str(request->credential.provider, "slack") ||
        !span_eq_str(text_at(payload, "type", arena), "url_verification"))
        return false;
    struct buf body = BUF_INIT;
    struct json_item challenge;
    struct json_out o = json_out_to(&body);
    json_open(&o, '{');
    bool asks = json_find(payload, "challenge", &challenge) && challenge.type == JSON_STRING;
    json_put_raw(&o, "challenge", asks ? challenge.value : span_str("\"\""));
    json_close(&o, '}');
    reply_json(request, 200, buf_span(&body));
    buf_done(&body);
    return true;
}
