/* request - reading a request; see request.h. */
#include "web/request.h"

#include <string.h>

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

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes one value of application/x-www-form-urlencoded. False when it is not one. */
static bool decode(const char *text, size_t len, struct buf *out)
{
    if (len > QUERY_VALUE_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex(text[i + 1]) : -1;
            int low = i + 2 < len ? hex(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c)
            return false;
        buf_add_char(out, c);
    }
    return true;
}

enum err request_query(const struct request *request, const char *name, struct buf *out)
{
    size_t len = strlen(name);
    bool found = false;
    for (const char *at = request->query; *at;) {
        size_t part = strcspn(at, "&");
        const char *equals = memchr(at, '=', part);
        size_t name_len = equals ? (size_t)(equals - at) : part;
        if (name_len == len && memcmp(at, name, len) == 0) {
            if (found)
                return ERR_INVALID;
            found = true;
            if (equals && !decode(equals + 1, part - name_len - 1, out))
                return ERR_INVALID;
        }
        at += part + (at[part] == '&');
    }
    return found ? ERR_OK : ERR_NOTFOUND;
}

void reply_bad_query(struct request *request, const char *name)
{
    reply_problem(request, 400,
        "The query parameter %s is there twice, badly encoded or longer than %d bytes.", name,
        QUERY_VALUE_MAX);
}

/* The request's mutation is called with the request, and so is what comes after it. */
static void written(struct store_op *op)
{
    struct request *request = op->context;
    request->after(request, op->err);
}

void request_write(struct request *request, unsigned flags, store_mutation *mutation,
    void (*after)(struct request *request, enum err err))
{
    request->after = after;
    request->op = (struct store_op){
        .mutation = mutation, .context = request, .flags = flags, .done = written};
    store_submit(request->store, &request->op);
}
