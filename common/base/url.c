/* url - see url.h. */
#include "base/url.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define URL_CHARS ALNUM "-._~:/?#[]@!$&'()*+,;=%"
#define HOST_CHARS ALNUM "-._"
#define ADDRESS_CHARS "0123456789ABCDEFabcdef:."

/* How many bytes at the front belong to the set. */
static size_t run_of(struct span s, const char *set)
{
    size_t n = 0;
    while (n < s.len && s.data[n] && strchr(set, s.data[n]))
        n++;
    return n;
}

static struct span skip(struct span s, size_t n)
{
    return span_of(s.data + n, s.len - n);
}

static bool skip_scheme(struct span *rest)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        if (rest->len >= len && strncasecmp((const char *)rest->data, schemes[i], len) == 0) {
            *rest = skip(*rest, len);
            return true;
        }
    }
    return false;
}

/* The authority ends where the path, the query or the fragment begins (RFC 3986, section 3.2). */
static struct span authority_of(struct span rest)
{
    size_t n = 0;
    while (n < rest.len && !strchr("/?#", rest.data[n]))
        n++;
    return span_of(rest.data, n);
}

/* Takes the host off the front. False when none stands there. */
static bool skip_host(struct span *rest)
{
    size_t n;
    if (rest->len && rest->data[0] == '[') {
        *rest = skip(*rest, 1);
        n = run_of(*rest, ADDRESS_CHARS);
        if (!n || n == rest->len || rest->data[n] != ']')
            return false;
        n++;
    } else {
        n = run_of(*rest, HOST_CHARS);
    }
    *rest = skip(*rest, n);
    return n > 0;
}

/* Is the text empty, or ":" and a port from 1 to 65535? */
static bool is_port(struct span s)
{
    uint64_t port;
    if (!s.len)
        return true;
    return s.data[0] == ':' && s.len <= 6 &&
           ascii_number(span_of(s.data + 1, s.len - 1), 65535, &port) && port >= 1;
}

const char *url_fault(struct span url)
{
    struct span rest = url;
    if (url.len > URL_MAX)
        return "a URL has 2048 characters at most";
    if (!skip_scheme(&rest))
        return "a URL begins with http:// or https://";
    if (run_of(url, URL_CHARS) < url.len)
        return "a URL has only the characters of RFC 3986; others are percent-encoded";
    rest = authority_of(rest);
    if (memchr(rest.data, '@', rest.len))
        return "a URL here must not hold credentials; use headers or secret";
    if (!skip_host(&rest))
        return "a URL needs a host after http:// or https://";
    if (!is_port(rest))
        return "after the host of a URL come a port from 1 to 65535, or the path";
    return NULL;
}

struct span url_root(struct span url)
{
    while (url.len && url.data[url.len - 1] == '/')
        url.len--;
    return url;
}

struct span url_path(struct span url)
{
    if (!skip_scheme(&url))
        return SPAN_NONE;
    return skip(url, authority_of(url).len);
}
