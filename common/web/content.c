/* content - see content.h. */
#include "web/content.h"

#include <string.h>
#include <strings.h>

#include "web/channel.h"

/* Of the variables that bring a header whose name begins so. */
#define PREFIX "HTTP_CONTENT_"

static bool take_encoding(struct request *request, struct span value)
{
    struct coded *coded = &request->coded;
    enum coding coding = coding_read(value);
    if (!coded->coding)
        coded->coding = coding;
    else if (coding)
        coded->coding = CODING_UNKNOWN;
    if (coded->coding != CODING_UNKNOWN)
        return true;
    reply_header(request, "Accept-Encoding", CODINGS);
    reply_problem(request, 415,
        "The Content-Encoding of the body is not taken; send one of " CODINGS ", or the body as "
        "it is.");
    return false;
}

static bool take_range(struct request *request, struct span value)
{
    (void)value;
    reply_problem(request, 400, "Content-Range is not taken: a body comes whole, in one request.");
    return false;
}

static bool take_transfer_encoding(struct request *request, struct span value)
{
    static const char *const same[] = {"", "binary", "8bit", "7bit"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (value.len == strlen(same[i]) &&
            strncasecmp((const char *)value.data, same[i], value.len) == 0)
            return true;
    reply_problem(request, 415,
        "Content-Transfer-Encoding is of mail and not taken; send the body as it is.");
    return false;
}

static const struct {
    const char *name; /* behind the prefix */
    bool (*take)(struct request *request, struct span value);
} headers[] = {
    {"ENCODING=", take_encoding},
    {"RANGE=", take_range},
    {"TRANSFER_ENCODING=", take_transfer_encoding},
};

/* Takes one header, "ENCODING=gzip" behind the prefix. False when the request was answered. */
static bool take(struct request *request, struct span variable)
{
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct span name = span_str(headers[i].name);
        if (span_starts(variable, name))
            return headers[i].take(
                request, span_of(variable.data + name.len, variable.len - name.len));
    }
    return true;
}

bool content_is_known(struct request *request)
{
    for (char **v = request->channel->variables; request->body.len && *v; v++)
        if (strncmp(*v, PREFIX, strlen(PREFIX)) == 0 &&
            !take(request, span_str(*v + strlen(PREFIX))))
            return false;
    return true;
}

bool content_decode(struct request *request)
{
    enum err err = request_decode(request);
    if (err == ERR_FULL)
        reply_problem(request, 413, "The body is too large once decoded; the limit is %lld bytes.",
            (long long)request->home->config.web_body_bytes);
    else if (err)
        reply_problem(request, 400, "The body is not what its Content-Encoding says: the data %s.",
            request->coded.why);
    return !err;
}
