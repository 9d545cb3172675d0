/* scheme_secret - see scheme_secret.h. */
#include "model/scheme_secret.h"

#include <string.h>

#include "model/credential.h"
#include "model/limits.h"
#include "model/whsec.h"

bool scheme_secret_key(
    const struct scheme *scheme, struct span secret, struct buf *decoded, struct span *ret_key)
{
    *ret_key = secret;
    if (!secret.len || secret.len > SECRET_MAX)
        return false;
    if (!scheme->secret_base64)
        return true;
    bool good = whsec_key(secret, decoded);
    *ret_key = buf_span(decoded);
    return good;
}

/* A header's value has no control characters, and no space at an end (RFC 9110, section 5.5). */
static bool fits_header(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 || s.data[i] == 0x7f)
            return false;
    return !s.len || (s.data[0] != ' ' && s.data[s.len - 1] != ' ');
}

static bool is_line(struct span s)
{
    return !s.len || (!memchr(s.data, '\n', s.len) && !memchr(s.data, '\r', s.len));
}

/* Would the token, where its header has it, be taken for an API key of the bridge's own? */
static bool looks_like_a_key(const struct scheme *scheme, struct span secret)
{
    struct buf value = BUF_INIT;
    buf_add_str(&value, scheme->prefix);
    buf_add_span(&value, secret);
    bool looks = scheme->token && strcmp(scheme->header, "authorization") == 0 &&
                 token_is_wellformed(token_bearer(buf_span(&value)));
    crypto_forget(&value);
    return looks;
}

bool scheme_secret_check(const struct scheme *scheme, struct span secret, struct buf *ret_why)
{
    struct buf decoded = BUF_INIT;
    struct span key;
    bool good = scheme_secret_key(scheme, secret, &decoded, &key);
    crypto_forget(&decoded);
    if (span_starts(secret, span_str("\xef\xbb\xbf")))
        buf_add_str(ret_why, "must not begin with a byte order mark; save it without one");
    else if (!is_line(secret))
        buf_add_str(ret_why, "must be one line");
    else if (looks_like_a_key(scheme, secret))
        buf_add_str(ret_why, "must not look like an API key, which is what it would be taken for");
    else if (!good && scheme->secret_base64)
        buf_printf(ret_why,
            "must be the base64 of %d to %d bytes, with \"whsec_\" before it or without",
            WHSEC_KEY_MIN, WHSEC_KEY_MAX);
    else if (!good)
        buf_printf(ret_why, "must be 1 to %d bytes long", SECRET_MAX);
    else if (scheme->token && !fits_header(secret))
        buf_add_str(ret_why, "must have no control characters and no space at an end, since it "
                             "travels in a header");
    else
        return true;
    return false;
}
