/* scheme_preset - the schemes of the providers; see scheme.h. */
#include <string.h>

#include "model/scheme.h"

/*
 * bodies_differ, where the id of a delivery is not signed with it:
 *   github, gitea, forgejo, bitbucket
 *                   no: a member who is added, removed and added again, or two runs of a workflow
 *                   by hand, are told of in one body twice
 *   gitlab          no: a pipeline's status may be told twice in one second
 *   shopify         no: an item that is disconnected from a location twice has one body
 *   slack           yes: event_id, or the trigger_id of what somebody pressed, is in each
 *   stripe          yes: each has the id of its event, which is what it is known by
 */

#define STANDARD_WEBHOOKS \
    .hash = CRYPTO_HASH_SHA256, .base64 = true, .secret_base64 = true, \
    .header = "webhook-signature", .prefix = "v1,", .separator = ' ', \
    .message = "{id}.{timestamp}.{body}", .timestamp_header = "webhook-timestamp", \
    .tolerance_s = SCHEME_TOLERANCE_S, .id_header = "webhook-id"

static const struct {
    const char *provider;
    struct scheme scheme;
} presets[] = {
    {"github",
        {
            .hash = CRYPTO_HASH_SHA256,
            .header = "x-hub-signature-256",
            .prefix = "sha256=",
            .id_header = "x-github-delivery",
            .event_header = "x-github-event",
        }},
    {"gitea",
        {
            .hash = CRYPTO_HASH_SHA256,
            .header = "x-gitea-signature",
            .alt_header = "x-forgejo-signature",
            .id_header = "x-gitea-delivery",
            .id_alt_header = "x-forgejo-delivery",
            .event_header = "x-gitea-event",
            .signs_payload = true,
        }},
    {"forgejo",
        {
            .hash = CRYPTO_HASH_SHA256,
            .header = "x-forgejo-signature",
            .alt_header = "x-gitea-signature",
            .id_header = "x-forgejo-delivery",
            .id_alt_header = "x-gitea-delivery",
            .event_header = "x-forgejo-event",
            .signs_payload = true,
        }},
    /* Bitbucket Cloud has X-Request-UUID, Bitbucket Data Center X-Request-Id. */
    {"bitbucket",
        {
            .hash = CRYPTO_HASH_SHA256,
            .header = "x-hub-signature",
            .shares_header = true, /* with GitHub's older signatures, "sha1=…" */
            .prefix = "sha256=",
            .id_header = "x-request-uuid",
            .id_alt_header = "x-request-id",
            .event_header = "x-event-key",
        }},
    /* Not X-Gitlab-Event-UUID: events that follow from another's webhook share its value. */
    {"gitlab",
        {
            .token = true,
            .header = "x-gitlab-token",
            .id_header = "idempotency-key",
            .event_header = "x-gitlab-event",
        }},
    {"gitlab-signing",
        {
            STANDARD_WEBHOOKS,
            .event_header = "x-gitlab-event",
        }},
    {"standard-webhooks",
        {
            STANDARD_WEBHOOKS,
            .alt_header = "svix-signature",
            .timestamp_alt_header = "svix-timestamp",
            .id_alt_header = "svix-id",
        }},
    {"stripe",
        {
            .hash = CRYPTO_HASH_SHA256,
            .header = "stripe-signature",
            .prefix = "v1=",
            .separator = ',',
            .message = "{timestamp}.{body}",
            .timestamp_item = "t",
            .tolerance_s = SCHEME_TOLERANCE_S,
            .bodies_differ = true,
        }},
    {"slack",
        {
            .hash = CRYPTO_HASH_SHA256,
            .header = "x-slack-signature",
            .prefix = "v0=",
            .message = "v0:{timestamp}:{body}",
            .timestamp_header = "x-slack-request-timestamp",
            .tolerance_s = SCHEME_TOLERANCE_S,
            .bodies_differ = true,
        }},
    {"shopify",
        {
            .hash = CRYPTO_HASH_SHA256,
            .base64 = true,
            .header = "x-shopify-hmac-sha256",
            .id_header = "x-shopify-webhook-id",
            .event_header = "x-shopify-topic",
        }},
};

const struct scheme *scheme_preset(struct span provider)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (span_eq_str(provider, presets[i].provider))
            return &presets[i].scheme;
    return NULL;
}

static bool header_came(
    const struct scheme *scheme, const struct signed_request *request, const char *name)
{
    bool twice = false;
    struct span value = request->header(request->context, name, &twice);
    if (scheme->shares_header && !span_starts(value, span_str(scheme->prefix)))
        return false;
    return twice || (value.len && !span_eq_str(value, scheme->prefix));
}

bool scheme_came(const struct scheme *scheme, const struct signed_request *request)
{
    return header_came(scheme, request, scheme->header) ||
           (scheme->alt_header[0] && header_came(scheme, request, scheme->alt_header));
}

bool scheme_is_signed(const struct signed_request *request)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (scheme_came(&presets[i].scheme, request))
            return true;
    return false;
}

const char *scheme_providers(void)
{
    return "github, gitea, forgejo, gitlab, gitlab-signing, bitbucket, standard-webhooks, stripe, "
           "slack, shopify, generic";
}
