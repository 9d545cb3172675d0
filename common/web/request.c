/* request - reading a request; see request.h. */
#include "web/request.h"

#include <string.h>

#include "base/utf8.h"
#include "model/headers.h"
#include "model/urlencoded.h"
#include "web/channel.h"

#define QUERY_VALUE_MAX 4096

struct span request_header(const struct request *request, const char *cgi_name)
{
    size_t len = strlen(cgi_name);
    for (char **v = request->channel->variables; *v; v++)
        if ((*v)[0] == cgi_name[0] && strncmp(*v, cgi_name, len) == 0 && (*v)[len] == '=')
            return span_str(*v + len + 1);
    return SPAN_NONE;
}

struct span request_header_named(const struct request *request, const char *name, bool *ret_twice)
{
    *ret_twice = false;
    return headers_find(request->channel->variables, name, ret_twice);
}

static struct span named(void *context, const char *name, bool *ret_twice)
{
    const struct request *request = context;
    return headers_of_signature(request->channel->variables, name, ret_twice);
}

enum err request_decode(struct request *request)
{
    struct coded *coded = &request->coded;
    if (!coded->coding || coded->tried)
        return coded->err;
    coded->tried = true;
    coded->err = coding_decode(coded->coding, request->received,
        (size_t)request->home->config.web_body_bytes, &coded->bytes, &coded->why);
    if (!coded->err)
        request->body = buf_span(&coded->bytes);
    return coded->err;
}

static bool decode(void *context, struct span body, struct span *ret_decoded)
{
    struct request *request = context;
    (void)body;
    enum err err = request_decode(request);
    *ret_decoded = request->body;
    return !err;
}

struct signed_request request_signed(struct request *request)
{
    return (struct signed_request){named, request, request->received, decode};
}

bool request_decoded(struct request *request, struct span value, struct span *ret_text)
{
    char *text = arena_text(&request->arena, value.len); /* decoding never lengthens a value */
    size_t len;
    if (!urlencoded_decode(value, text, &len))
        return false;
    *ret_text = span_of(text, len);
    return true;
}

/* A parameter's value as it was sent. ERR_NOTFOUND; ERR_INVALID when the parameter came twice. */
static enum err find_parameter(const char *query, const char *name, struct span *ret_value)
{
    size_t found = urlencoded_find(span_str(query), name, ret_value);
    return found == 0 ? ERR_NOTFOUND : found == 1 ? ERR_OK : ERR_INVALID;
}

enum err request_query(struct request *request, const char *name, struct span *ret_value)
{
    struct span raw, text;
    *ret_value = span_str("");
    enum err err = find_parameter(request->query, name, &raw);
    if (err)
        return err;
    if (raw.len > QUERY_VALUE_MAX || !request_decoded(request, raw, &text) ||
        !utf8_is(text.data, text.len))
        return ERR_INVALID;
    *ret_value = text;
    return ERR_OK;
}

bool request_text(struct request *request, const char *name, struct span *ret_value)
{
    enum err err = request_query(request, name, ret_value);
    if (err == ERR_NOTFOUND)
        *ret_value = SPAN_NONE;
    if (err == ERR_INVALID)
        reply_problem(request, 400,
            "The query parameter %s is there twice, badly encoded or longer than %d bytes.", name,
            QUERY_VALUE_MAX);
    return err != ERR_INVALID;
}

struct pollfd request_peer(const struct request *request)
{
    return channel_peer(request->channel);
}

/* The end of a connection is told of unasked. */
bool request_is_forsaken(const struct request *request)
{
    struct pollfd peer = request_peer(request);
    peer.events = 0;
    return poll(&peer, 1, 0) > 0;
}
