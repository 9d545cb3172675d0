/* tail - see tail.h. */
#include "runner/tail.h"

/* The tail is cut only when it has twice its size, so that each byte is moved once. */
void tail_add(struct tail *tail, const void *bytes, size_t len)
{
    buf_add(&tail->bytes, bytes, len);
    if (tail->bytes.len > 2 * tail->max)
        tail_trim(tail);
}

void tail_note(struct tail *tail, const char *words, struct span names)
{
    struct buf *bytes = &tail->bytes;
    if (bytes->len && bytes->data[bytes->len - 1] != '\n')
        buf_add_char(bytes, '\n');
    buf_printf(bytes, "fx-bridge: %s", words);
    buf_add_span(bytes, names);
    buf_add_char(bytes, '\n');
}

void tail_trim(struct tail *tail)
{
    if (tail->bytes.len > tail->max)
        buf_drop(&tail->bytes, tail->bytes.len - tail->max);
}
