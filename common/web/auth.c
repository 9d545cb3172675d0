/* auth - see auth.h. */
#include "web/auth.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/credentials.h"
#include "web/channel.h"

#define BEARER "Bearer "

/*
 * Headers reach a CGI program under a name in which "-" has become "_", so
 * "X_API_KEY: …" arrives as a second HTTP_X_API_KEY (platform.md, 2.17); front ends
 * join two of one name with a comma, which no token contains.
 */
static bool came_twice(const struct request *request, const char *cgi_name)
{
    size_t seen = 0, len = strlen(cgi_name);
    for (char **v = request->channel->variables; *v; v++)
        if (strncmp(*v, cgi_name, len) == 0 && (*v)[len] == '=')
            seen++;
    struct span value = request_header(request, cgi_name);
    return seen > 1 || (value.len && memchr(value.data, ',', value.len));
}

static struct span bearer(const struct request *request)
{
    struct span value = request_header(request, "HTTP_AUTHORIZATION");
    if (!value.len)
        value = request_header(request, "REDIRECT_HTTP_AUTHORIZATION");
    size_t scheme = strlen(BEARER);
    if (value.len <= scheme || strncasecmp((const char *)value.data, BEARER, scheme) != 0)
        return SPAN_NONE; /* another scheme is the front end's own affair */
    value = span_of(value.data + scheme, value.len - scheme);
    while (value.len && *value.data == ' ')
        value = span_of(value.data + 1, value.len - 1);
    return value;
}

static bool refuse(struct request *request, const char *why)
{
    log_info("401 %s: %s", request->method, why);
    reply_header(request, "WWW-Authenticate", "Bearer realm=\"fxbridge\"");
    reply_problem(
        request, 401, "A valid API key is needed, in X-API-KEY or as Authorization: Bearer.");
    return false;
}

/* The credential of a token, as far as the check needs it. */
static enum err find(struct request *request, struct span token, struct credential *ret_credential)
{
    struct store_txn *txn;
    enum err err = store_read_begin(request->store, &txn);
    if (err)
        return err;
    err = credentials_find(txn, token, ret_credential);
    ret_credential->name = SPAN_NONE; /* it dies with the transaction */
    store_read_end(txn);
    return err;
}

bool auth_check(struct request *request, unsigned scope)
{
    static const char *const security[] = {"HTTP_X_API_KEY", "HTTP_AUTHORIZATION",
        "REDIRECT_HTTP_AUTHORIZATION", "HTTP_X_HUB_SIGNATURE_256"};
    if (scope == SCOPE_NONE)
        return true;
    for (size_t i = 0; i < sizeof security / sizeof security[0]; i++) {
        if (came_twice(request, security[i])) {
            reply_problem(
                request, 400, "A header that identifies the sender came twice; send each once.");
            return false;
        }
    }
    struct span key = request_header(request, "HTTP_X_API_KEY"), token = bearer(request);
    if (key.len && token.len && !span_eq(key, token)) {
        reply_problem(request, 400,
            "Two different keys came; send one, in X-API-KEY or as Authorization: Bearer.");
        return false;
    }
    if (key.len)
        token = key;
    if (!token.len)
        return refuse(request, "no key");
    if (!token_is_wellformed(token))
        return refuse(request, "not a key");
    if (request_header(request, "HTTP_X_HUB_SIGNATURE_256").len)
        return refuse(request, "no webhook secret is known to sign with");

    struct credential credential;
    enum err err = find(request, token, &credential);
    if (err == ERR_NOTFOUND)
        return refuse(request, "unknown key");
    if (err) {
        reply_error(request, err);
        return false;
    }
    if (!credential_is_live(&credential, clock_wall_ms()))
        return refuse(request, credential.revoked_ms ? "revoked key" : "expired key");
    if (!(credential.scopes & scope)) {
        struct buf name = BUF_INIT;
        scopes_format(scope, " or ", &name);
        reply_problem(request, 403, "This API key lacks the scope %s.", buf_text(&name));
        buf_done(&name);
        return false;
    }
    request->credential = credential.id;
    return true;
}
