/* auth - see auth.h. */
#include "web/auth.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/credentials.h"
#include "web/channel.h"
#include "web/sender.h"
#include "web/webhook.h"

#define BEARER "Bearer "

/* The headers that may bring a key. */
static const struct key_header {
    const char *cgi_name;
    bool has_scheme; /* "Bearer", or a scheme of the front end's own, such as Digest */
} key_headers[] = {
    {"HTTP_X_API_KEY", false},
    {"HTTP_AUTHORIZATION", true},
    {"REDIRECT_HTTP_AUTHORIZATION", true},
};

/*
 * Headers reach a CGI program under a name in which "-" has become "_", so
 * "X_API_KEY: …" arrives as a second HTTP_X_API_KEY (PLATFORM.md).
 */
static size_t times_sent(const struct request *request, const char *cgi_name)
{
    size_t times = 0, len = strlen(cgi_name);
    for (char **v = request->channel->variables; *v; v++)
        if (strncmp(*v, cgi_name, len) == 0 && (*v)[len] == '=')
            times++;
    return times;
}

/*
 * Front ends join two headers of one name with a comma. No token of ours contains a comma, but
 * the value of another scheme may.
 */
static bool is_joined(const struct key_header *header, struct span value)
{
    const char *comma = value.len ? memchr(value.data, ',', value.len) : NULL;
    return comma && (!header->has_scheme || strcasestr(comma, BEARER));
}

static bool came_twice(const struct request *request, const struct key_header *header)
{
    return times_sent(request, header->cgi_name) > 1 ||
           is_joined(header, request_header(request, header->cgi_name));
}

/*
 * Where webhooks may come, what does not look like a token of ours is one of the sender's own,
 * whose secret may be told from it.
 */
static struct span bearer(const struct request *request, const struct route *route)
{
    struct span value = request_header(request, "HTTP_AUTHORIZATION");
    if (!value.len)
        value = request_header(request, "REDIRECT_HTTP_AUTHORIZATION");
    value = token_bearer(value);
    return !route->webhooks || token_is_wellformed(value) ? value : SPAN_NONE;
}

static bool refuse(struct request *request, const char *why)
{
    log_info("401 %s: %s", request->method, why);
    reply_header(request, "WWW-Authenticate", "Bearer realm=\"fxbridge\"");
    reply_problem(request, 401,
        "A valid credential is needed: an API key in X-API-KEY or as Authorization: Bearer, or, "
        "where events are sent, a webhook's signature.");
    return false;
}

/* Reads the key, which may be missing. False when the request was answered. */
static bool read_token(struct request *request, const struct route *route, struct span *ret_token)
{
    for (size_t i = 0; i < sizeof key_headers / sizeof key_headers[0]; i++) {
        if (came_twice(request, &key_headers[i])) {
            reply_problem(
                request, 400, "A header that identifies the sender came twice; send each once.");
            return false;
        }
    }
    struct span key = request_header(request, "HTTP_X_API_KEY");
    struct span token = bearer(request, route);
    if (key.len && token.len && !span_eq(key, token)) {
        reply_problem(request, 400,
            "Two different keys came; send one, in X-API-KEY or as Authorization: Bearer.");
        return false;
    }
    *ret_token = key.len ? key : token;
    return true;
}

/* Makes a token's API key the request's credential. ERR_DENIED, and why, for one not good. */
static enum err find_key(struct request *request, struct span token, const char **ret_why)
{
    struct store_txn *txn;
    struct credential credential;
    struct buf text = BUF_INIT;
    *ret_why = "not a key";
    if (!token_is_wellformed(token))
        return ERR_DENIED;
    int64_t now = clock_wall_ms();
    enum err err = store_read_begin(request->store, &txn);
    if (err)
        return err;
    err = credentials_find(txn, token, now, &credential);
    if (!err)
        credential_encode(&credential, &text);
    store_read_end(txn);
    *ret_why = "unknown key";
    if (err)
        return err == ERR_NOTFOUND ? ERR_DENIED : err;
    *ret_why = credential.revoked_ms ? "revoked key" : "expired key";
    bool live = credential_is_live(&credential, now);
    struct span kept = arena_keep(&request->arena, &text);
    return live ? credential_decode(kept, &request->credential) : ERR_DENIED;
}

/* Finds the webhook secret that has signed the request, its credential unless a key came too. */
static enum err find_webhook(struct request *request, bool keyed, struct buf *ret_why)
{
    struct credential credential;
    struct scheme *scheme = arena_alloc(&request->arena, sizeof *scheme);
    enum err err = webhook_find(request, &credential, scheme, ret_why);
    if (err)
        return err;
    request->scheme = scheme;
    if (!keyed)
        request->credential = credential;
    return ERR_OK;
}

static struct rate failure_rate(const struct request *request)
{
    const struct config *config = &request->home->config;
    return (struct rate){
        (double)config->web_failures_per_minute / 60, (double)config->web_failures_burst};
}

/* False when the request was answered: its sender has used up what it may search. */
static bool may_search(struct request *request, const struct uuid *sender)
{
    struct rate rate = failure_rate(request);
    int64_t wait_ms;
    if (meter_has(request->meter, METER_SENDERS, sender, &rate, clock_wall_ms(), &wait_ms))
        return true;
    reply_too_many(request, wait_ms,
        "Too many deliveries that no webhook secret fits came from this address. Name the secret "
        "in the URL, ?key=ID: it alone is then tried, and nobody else's deliveries count. Or "
        "wait.");
    return false;
}

static void count_failure(struct request *request, const struct uuid *sender)
{
    struct rate rate = failure_rate(request);
    int64_t wait_ms;
    (void)meter_take(request->meter, METER_SENDERS, sender, &rate, clock_wall_ms(), &wait_ms);
}

/*
 * A request with nothing but a signature, and without ?key=, has to be tried with several
 * secrets. That work alone is worth a limit: a key, and a secret that is named, are looked up at
 * once. False when the request was answered.
 */
static bool search_webhook(struct request *request)
{
    struct uuid sender = sender_key(request);
    struct buf why = BUF_INIT;
    if (!may_search(request, &sender))
        return false;
    enum err err = find_webhook(request, false, &why);
    if (err == ERR_DENIED) {
        count_failure(request, &sender);
        refuse(request, buf_text(&why));
    } else if (err) {
        reply_error(request, err);
    }
    buf_done(&why);
    return !err;
}

/* Finds out who sends the request. False when the request was answered. */
static bool identify(struct request *request, const struct route *route)
{
    struct span token;
    struct buf why = BUF_INIT;
    const char *key_why = "no credential";
    if (!read_token(request, route, &token))
        return false;
    if (route->webhooks && !token.len && !webhook_is_named(request))
        return search_webhook(request);
    enum err err = token.len ? find_key(request, token, &key_why) : ERR_DENIED;
    if (route->webhooks && (token.len ? !err && webhook_is_signed(request) : true))
        err = find_webhook(request, token.len > 0, &why);
    if (err == ERR_DENIED)
        refuse(request, why.len ? buf_text(&why) : key_why);
    else if (err)
        reply_error(request, err);
    buf_done(&why);
    return !err;
}

/* Has the credential the scope, and is it within its rate? False: the request was answered. */
static bool permit(struct request *request, unsigned scope)
{
    const struct credential *credential = &request->credential;
    struct rate rate = {credential->rate, credential->burst ? credential->burst : credential->rate};
    int64_t now = clock_wall_ms(), wait_ms;
    if (!(credential->scopes & scope)) {
        struct buf name = BUF_INIT;
        scopes_format(scope, " or ", &name);
        reply_problem(request, 403, "This credential lacks the scope %s.", buf_text(&name));
        buf_done(&name);
        return false;
    }
    if (!meter_take(request->meter, METER_CREDENTIALS, &credential->id, &rate, now, &wait_ms)) {
        reply_too_many(request, wait_ms, "This credential's rate is used up; send it again later.");
        return false;
    }
    meter_touch(request->meter, &credential->id, now);
    return true;
}

bool auth_check(struct request *request, const struct route *route)
{
    return route->scope == SCOPE_NONE ||
           (identify(request, route) && permit(request, route->scope));
}
