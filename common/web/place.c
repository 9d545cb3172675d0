/* place - see place.h. */
#include "web/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/url.h"
#include "web/route.h"

/* Between a base and what stands in front of it may be what a path has (RFC 3986, section 3.3). */
#define BASE_CHARS \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&'()*+,;=:@"

static struct span first(struct span s, size_t len)
{
    return span_of(s.data, len);
}

static struct span behind(struct span s, size_t len)
{
    return span_of(s.data + len, s.len - len);
}

static bool ends(struct span text, struct span end)
{
    return text.len >= end.len && span_eq(behind(text, text.len - end.len), end);
}

static bool has(struct span text, const char *part)
{
    return text.len && memmem(text.data, text.len, part, strlen(part)) != NULL;
}

/* A trailing slash and none are the same. */
static struct span without_slash(struct span path)
{
    bool slash = path.len > 1 && path.data[path.len - 1] == '/';
    return first(path, path.len - slash);
}

/* The path of the URL that the client has asked for, as it was sent. */
static struct span asked_path(const struct request *request)
{
    struct span uri = request_header(request, "REQUEST_URI");
    const uint8_t *mark = uri.len ? memchr(uri.data, '?', uri.len) : NULL;
    return mark ? first(uri, (size_t)(mark - uri.data)) : uri;
}

/* The byte at the front of a path, whose encoded form has three; 0 and *ret_len 0 at its end. */
static uint8_t take(struct span path, size_t *ret_len)
{
    bool coded = path.len > 2 && path.data[0] == '%' && ascii_hex(path.data[1]) >= 0 &&
                 ascii_hex(path.data[2]) >= 0;
    *ret_len = coded ? 3 : path.len > 0;
    if (coded)
        return (uint8_t)(ascii_hex(path.data[1]) << 4 | ascii_hex(path.data[2]));
    return path.len ? path.data[0] : 0;
}

/* Takes the base off the front of a path. False when something else stands there. */
static bool skip_base(struct span base, struct span *path)
{
    size_t base_len, path_len;
    while (base.len) {
        if (take(base, &base_len) != take(*path, &path_len))
            return false;
        base = behind(base, base_len);
        *path = behind(*path, path_len);
    }
    return path->len && path->data[0] == '/';
}

static struct span public_url(const struct request *request)
{
    return url_root(span_str(request->home->config.web_public_url));
}

/*
 * The path without the base of public_url. A base may read like a path of the gateway ("/fx"), and
 * a proxy may have taken it off already: so what is left has to be a path of this program.
 */
static struct span beneath_public(const struct request *request, struct span path)
{
    struct span base = url_path(public_url(request)), rest = path;
    bool is_own =
        base.len && skip_base(base, &rest) && route_is_known(request->program, without_slash(rest));
    return is_own ? rest : path;
}

/*
 * Is it the URL of this program's file? Only by its whole name: what a web server takes for the
 * beginning of a path may go on in any way ("/fx/cid.fcgi").
 */
static bool is_own_file(const struct request *request, struct span script)
{
    struct span name = span_str(request->program->name);
    size_t kind = ends(script, span_str(".fcgi")) ? 5 : ends(script, span_str(".cgi")) ? 4 : 0;
    if (!kind)
        return false;
    struct span path = first(script, script.len - kind);
    return path.len > name.len && ends(path, name) && path.data[path.len - name.len - 1] == '/';
}

/*
 * The gateway's path is SCRIPT_NAME and PATH_INFO together, since front ends cut it between
 * them in different places, or not at all. The URL of a program's file is no part of it.
 */
static struct span own_path(struct request *request)
{
    struct span script = request_header(request, "SCRIPT_NAME");
    struct span info = request_header(request, "PATH_INFO");
    struct buf path = BUF_INIT;
    if (!info.len || !is_own_file(request, script))
        buf_add_span(&path, script);
    buf_add_span(&path, info);
    return beneath_public(request, arena_keep(&request->arena, &path));
}

/* Can a base have this, which front ends read alike? An encoded slash or dot they do not. */
static bool base_is_plain(struct span base)
{
    size_t len;
    for (; base.len; base = behind(base, len)) {
        uint8_t byte = take(base, &len);
        if (len == 1 ? !strchr(BASE_CHARS, byte) : byte < ' ' || strchr("%./\\\x7f", byte) != NULL)
            return false;
    }
    return true;
}

/* Has the path nothing that front ends tidy in their own ways? */
static bool path_is_plain(struct span path)
{
    static const char *const anywhere[] = {"//", "/./", "/../"};
    for (size_t i = 0; i < sizeof anywhere / sizeof anywhere[0]; i++)
        if (has(path, anywhere[i]))
            return false;
    return !ends(path, span_str("/.")) && !ends(path, span_str("/.."));
}

/*
 * A path that depends on how a front end decodes and tidies would name a different resource behind
 * each of them, and so names none. The base alone may have percent-encoded characters.
 */
bool place_find(struct request *request)
{
    struct span path = own_path(request), asked = asked_path(request), base = asked;
    request->path = without_slash(path);
    if (path.len && ends(asked, path))
        base = first(asked, asked.len - path.len);
    bool is_base = base.len < asked.len;
    if (is_base)
        request->base = base;
    return path_is_plain(asked) && !has(is_base ? path : asked, "%") &&
           (!is_base || base_is_plain(base));
}

void place_restore(struct request *request)
{
    struct span asked = asked_path(request), path = beneath_public(request, asked);
    request->base = first(asked, asked.len - path.len);
    request->path = without_slash(path);
}

void place_add_root(const struct request *request, struct buf *out)
{
    struct span known = public_url(request);
    buf_add_span(out, known.len ? known : request->base);
}

void place_reply_location(struct request *request, const char *format, ...)
{
    struct buf url = BUF_INIT;
    va_list args;
    va_start(args, format);
    place_add_root(request, &url);
    buf_vprintf(&url, format, args);
    va_end(args);
    reply_header(request, "Location", buf_text(&url));
    buf_done(&url);
}
