/* tail - see tail.h. */
#include "runner/tail.h"

/* The tail is cut only when it has twice its size, so that each byte is moved once. */
void tail_add(struct tail *tail, const void *bytes, size_t len)
{
    buf_add(&tail->bytes, bytes, len);
    tail->total += len;
    if (tail->bytes.len > 2 * tail->max)
        tail_trim(tail);
}

void tail_note(struct tail *tail, const char *words, struct span names)
{
    struct buf line = BUF_INIT;
    const struct buf *before = &tail->bytes;
    if (before->len && before->data[before->len - 1] != '\n')
        buf_add_char(&line, '\n');
    buf_printf(&line, "fx-bridge: %s", words);
    buf_add_span(&line, names);
    buf_add_char(&line, '\n');
    tail_add(tail, line.data, line.len);
    buf_done(&line);
}

void tail_trim(struct tail *tail)
{
    if (tail->bytes.len > tail->max)
        buf_drop(&tail->bytes, tail->bytes.len - tail->max);
}
