/* tail - see tail.h. */
#include "runner/tail.h"

/* The tail is cut only when it has twice its size, so that each byte is moved once. */
void tail_add(struct tail *tail, const void *bytes, size_t len)
{
    buf_add(&tail->bytes, bytes, len);
    if (tail->bytes.len > 2 * tail->max)
        tail_trim(tail);
}

void tail_trim(struct tail *tail)
{
    if (tail->bytes.len > tail->max)
        buf_drop(&tail->bytes, tail->bytes.len - tail->max);
}
