/* whsec - see whsec.h. */
#include "model/whsec.h"

#include "base/base64.h"

static const char mark[] = "whsec_";

/* Bytes of the mark. Some show a secret with the version of its signatures before it. */
static size_t marked(struct span secret)
{
    struct span version = span_str("v1,");
    size_t skipped = span_starts(secret, version) ? version.len : 0;
    secret = span_of(secret.data + skipped, secret.len - skipped);
    return span_starts(secret, span_str(mark)) ? skipped + sizeof mark - 1 : 0;
}

bool whsec_is_marked(struct span secret)
{
    return marked(secret) > 0;
}

bool whsec_decode(struct span secret, struct buf *out)
{
    size_t skipped = marked(secret);
    buf_reserve(out, secret.len); /* a buffer that grew would leave a copy of the key behind */
    return base64_decode(span_of(secret.data + skipped, secret.len - skipped), out);
}

bool whsec_key(struct span secret, struct buf *out)
{
    size_t before = out->len;
    return whsec_decode(secret, out) && out->len - before >= WHSEC_KEY_MIN &&
           out->len - before <= WHSEC_KEY_MAX;
}
