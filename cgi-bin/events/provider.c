/* provider - see provider.h. */
#include "cgi-bin/events/provider.h"

#include <string.h>

#include "base/json.h"
#include "model/name.h"

/* How one provider names its events. */
struct provider {
    const char *name, *prefix;
    /* Members of the payload. */
    const char *event_member;    /* names the event; a header does where there is none */
    const char *action_member;   /* joined behind it, or NULL */
    const char *delivery_member; /* identifies the delivery where no header does, or NULL */
    const char *subject_member;  /* or NULL */
    const char *owner, *url;     /* the source: a member of a member */
    const char *owner_url;       /* another name of that member, tried first */
    const char *source;          /* or this */
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

/* Which provider it is: the secret's, or by its headers where a key has come instead. */
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

/* A text member of an object, unescaped into scratch; empty when there is none. */
static struct span member(struct span object, const char *name, struct buf *scratch)
{
    struct json_item item;
    if (json_type_of(object) != JSON_OBJECT || !json_find(object, name, &item) ||
        item.type != JSON_STRING)
        return SPAN_NONE;
    size_t from = scratch->len;
    json_unescape(item.value, scratch);
    return span_of(scratch->data + from, scratch->len - from);
}

static struct span nested(
    struct span object, const char *outer, const char *inner, struct buf *scratch)
{
    struct json_item item;
    if (!outer || !inner || json_type_of(object) != JSON_OBJECT ||
        !json_find(object, outer, &item) || item.type != JSON_OBJECT)
        return SPAN_NONE;
    return member(item.value, inner, scratch);
}

static struct span event_of(const struct request *request, const struct provider *p,
    struct span payload, struct buf *scratch)
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
        event = nested(payload, "event", "type", scratch);
    /* GitLab's header is for people: "Merge Request Hook". */
    if (!event.len && p->event_member)
        event = member(payload, p->event_member, scratch);
    if (!event.len && header)
        event = request_header_named(request, header, &twice);
    return event;
}

static struct span type_of(const struct request *request, const struct provider *p,
    struct span payload, struct buf *scratch)
{
    struct span event = event_of(request, p, payload, scratch);
    struct span action = p->action_member ? member(payload, p->action_member, scratch) : SPAN_NONE;
    if (!event.len)
        return SPAN_NONE;
    size_t from = scratch->len;
    buf_add_str(scratch, p->prefix);
    buf_add_span(scratch, event);
    if (action.len) {
        buf_add_char(scratch, '.');
        buf_add_span(scratch, action);
    }
    for (size_t i = from; i < scratch->len; i++)
        if (scratch->data[i] == '/')
            scratch->data[i] = '.';
    struct span type = span_of(scratch->data + from, scratch->len - from);
    return name_is_topic(type) ? type : SPAN_NONE;
}

static struct span source_of(const struct request *request, const struct provider *p,
    struct span payload, struct buf *scratch)
{
    bool twice;
    if (p->source)
        return span_str(p->source);
    if (strcmp(p->name, "shopify") == 0) {
        struct span shop = request_header_named(request, "x-shopify-shop-domain", &twice);
        size_t from = scratch->len;
        if (!shop.len)
            return SPAN_NONE;
        buf_add_str(scratch, "https://");
        buf_add_span(scratch, shop);
        return span_of(scratch->data + from, scratch->len - from);
    }
    struct span source = nested(payload, p->owner, p->owner_url, scratch);
    return source.len ? source : nested(payload, p->owner, p->url, scratch);
}

struct name provider_name(const struct request *request, struct span payload, struct buf *scratch)
{
    struct name name = {SPAN_NONE, SPAN_NONE, SPAN_NONE, SPAN_NONE};
    const struct provider *p = find(request);
    bool twice;
    if (!p)
        return name;
    name.type = type_of(request, p, payload, scratch);
    name.source = source_of(request, p, payload, scratch);
    if (request->scheme) {
        struct signed_request message = request_signed(request);
        name.delivery = scheme_delivery_id(request->scheme, &message);
    } else if (strcmp(p->name, "github") == 0) {
        name.delivery = request_header_named(request, "x-github-delivery", &twice);
    }
    if (!name.delivery.len && p->delivery_member)
        name.delivery = member(payload, p->delivery_member, scratch);
    if (p->subject_member)
        name.subject = member(payload, p->subject_member, scratch);
    return name;
}

bool provider_answers(struct request *request, struct span payload)
{
    struct buf text = BUF_INIT, body = BUF_INIT;
    bool slack = span_eq_str(request->credential.provider, "slack") &&
                 span_eq_str(member(payload, "type", &text), "url_verification");
    buf_clear(&text);
    if (slack) {
        struct json_out o = json_out_to(&body);
        json_open(&o, '{');
        json_put_text(&o, "challenge", member(payload, "challenge", &text));
        json_close(&o, '}');
        reply_json(request, 200, buf_span(&body));
    }
    buf_done(&text);
    buf_done(&body);
    return slack;
}
