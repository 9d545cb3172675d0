/* whsec - see whsec.h. */
#include "model/whsec.h"

#include "base/base64.h"

static const char mark[] = "whsec_";

bool whsec_is_marked(struct span secret)
{
    return span_starts(secret, span_str(mark));
}

bool whsec_decode(struct span secret, struct buf *out)
{
    size_t skipped = whsec_is_marked(secret) ? sizeof mark - 1 : 0;
    buf_reserve(out, secret.len); /* a buffer that grew would leave a copy of the key behind */
    return base64_decode(span_of(secret.data + skipped, secret.len - skipped), out);
}

bool whsec_key(struct span secret, struct buf *out)
{
    size_t before = out->len;
    return whsec_decode(secret, out) && out->len - before >= WHSEC_KEY_MIN &&
           out->len - before <= WHSEC_KEY_MAX;
}
