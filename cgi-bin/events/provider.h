#ifndef EVENTS_PROVIDER_H
#define EVENTS_PROVIDER_H
/*
 * provider - what webhook senders call their events, and what some of them want to be
 * answered.
 *
 *   provider               type                               source
 *   github gitea forgejo   com.<provider>.<event>[.<action>]  URL of the repository
 *   gitlab                 com.gitlab.<object_kind or event_name>  URL of the project (subject: the
 *                          commit)
 *   bitbucket              com.bitbucket.<event key>          URL of the repository
 *   stripe                 com.stripe.<type>                  https://stripe.com
 *   slack                  com.slack.<type>                   https://slack.com
 *   shopify                com.shopify.<topic>                https://<shop>
 *   standard-webhooks      the body's "type"                  –
 *   generic                the scheme's event header          –
 *
 * "/" in a name becomes "."; a name that is no topic even then is left to the default.
 */
#include "web/request.h"

/* What a provider says of a delivery; empty where it says nothing. */
struct delivery {
    struct span id; /* the same each time the delivery is tried */
    bool id_signed; /* the signature is over the id, too */
    struct span type, source, subject;
};

/* Reads what headers and payload, which is checked JSON, say of the delivery. */
struct delivery provider_read(struct request *request, struct span payload);

/* Does the provider also send forms that are the payload themselves? */
bool provider_sends_fields(const struct request *request);

/* Does the name begin as those of the secret's provider do? False for one without such names. */
bool provider_may_name(const struct request *request, struct span name);

/* Answers a delivery that is a question, no event: Slack's url_verification. False: it is none. */
bool provider_answers(struct request *request, struct span payload);

#endif
