/* provider - see provider.h. */
#include "cgi-bin/events/provider.h"

#include <string.h>

#include "base/json.h"
#include "model/cloudevent_type.h"
#include "model/limits.h"
#include "model/name.h"

/* How one provider names its events. */
struct provider {
    const char *name, *prefix;
    /* Members of the payload. */
    const char *event_member;    /* names the event, where no header does */
    const char *action_member;   /* is joined behind the event's name, or NULL */
    const char *delivery_member; /* identifies the delivery where no header does, or NULL */
    const char *subject_member;  /* is the subject, or NULL */
    const char *owner, *url;     /* the source: a member of a member */
    const char *owner_url;       /* another name of that member, tried first */
    const char *source;          /* the source, where no member is */
};

#define GITLAB \
    .prefix = "com.gitlab.", .event_member = "object_kind", .subject_member = "checkout_sha", \
    .owner = "project", .url = "web_url"

static const struct provider providers[] = {
    {"github", "com.github.", .action_member = "action", .owner = "repository", .url = "url",
        .owner_url = "html_url"},
    {"gitea", "com.gitea.", .action_member = "action", .owner = "repository", .url = "url",
        .owner_url = "html_url"},
    {"gitlab", GITLAB},
    {"gitlab-signing", GITLAB},
    {"stripe", "com.stripe.", .event_member = "type", .delivery_member = "id",
        .source = "https://stripe.com"},
    {"slack", "com.slack.", .event_member = "type", .delivery_member = "event_id",
        .source = "https://slack.com"},
    {"shopify", "com.shopify."},
    {"standard-webhooks", "", .event_member = "type"},
    {"generic", ""},
};

/* The provider of the secret; where a key has come instead, the provider of the headers. */
static const struct provider *find(const struct request *request)
{
    struct span name = request->credential.provider;
    bool twice;
    if (!name.len && request_header_named(request, "x-github-event", &twice).len)
        name = span_str("github");
    else if (!name.len && request_header_named(request, "x-gitea-event", &twice).len)
        name = span_str("gitea");
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++)
        if (span_eq_str(name, providers[i].name))
            return &providers[i];
    return NULL;
}

/* The text of an object's member; empty where there is none that an event may be named by. */
static struct span member(struct span object, const char *name, struct arena *arena)
{
    struct json_item item;
    if (json_type_of(object) != JSON_OBJECT || !json_find(object, name, &item) ||
        item.type != JSON_STRING)
        return SPAN_NONE;
    struct span text = json_unescaped(item.value, arena);
    return cloudevent_is_string(text) ? text : SPAN_NONE;
}

static struct span nested(
    struct span object, const char *outer, const char *inner, struct arena *arena)
{
    struct json_item item;
    if (!outer || !inner || json_type_of(object) != JSON_OBJECT ||
        !json_find(object, outer, &item) || item.type != JSON_OBJECT)
        return SPAN_NONE;
    return member(item.value, inner, arena);
}

static struct span event_of(struct request *request, const struct provider *p, struct span payload)
{
    bool twice;
    const char *header = request->scheme && request->scheme->event_header[0]
                             ? request->scheme->event_header
                         : strcmp(p->name, "github") == 0  ? "x-github-event"
                         : strcmp(p->name, "gitea") == 0   ? "x-gitea-event"
                         : strcmp(p->name, "shopify") == 0 ? "x-shopify-topic"
                                                           : NULL;
    struct span event = SPAN_NONE;
    /* Slack wraps what happened: {"type": "event_callback", "event": {"type": …}}. */
    if (strcmp(p->name, "slack") == 0)
        event = nested(payload, "event", "type", &request->arena);
    /* GitLab's header is for people: "Merge Request Hook". */
    if (!event.len && p->event_member)
        event = member(payload, p->event_member, &request->arena);
    if (!event.len && header)
        event = request_header_named(request, header, &twice);
    return event;
}

/* The type, where it can be a topic. A longer one is not even put together. */
static struct span type_of(struct request *request, const struct provider *p, struct span payload)
{
    struct span event = event_of(request, p, payload), action = SPAN_NONE;
    struct buf type = BUF_INIT;
    if (p->action_member)
        action = member(payload, p->action_member, &request->arena);
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
    struct span source = nested(payload, p->owner, p->owner_url, &request->arena);
    return source.len ? source : nested(payload, p->owner, p->url, &request->arena);
}

static void read_id(struct request *request, const struct provider *p, struct span payload,
    struct delivery *delivery)
{
    struct signed_request message = request_signed(request);
    bool twice;
    delivery->id_signed = request->scheme && scheme_signs_id(request->scheme);
    if (request->scheme)
        delivery->id = scheme_delivery_id(request->scheme, &message);
    else if (strcmp(p->name, "github") == 0)
        delivery->id = request_header_named(request, "x-github-delivery", &twice);
    if (delivery->id.len || !p->delivery_member)
        return;
    delivery->id = member(payload, p->delivery_member, &request->arena);
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
    if (p->subject_member)
        delivery.subject = member(payload, p->subject_member, &request->arena);
    return delivery;
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
        !span_eq_str(member(payload, "type", arena), "url_verification"))
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
