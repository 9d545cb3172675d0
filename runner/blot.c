/* blot - see blot.h. */
#include "runner/blot.h"

#include <stdlib.h>
#include <string.h>

#define SHORTEST 8 /* bytes; what is shorter stands in many a text by chance */
#define PART 4     /* bytes of a secret that is cut off; fewer tell nothing */

/* A text, and which of its bytes are to go. */
struct blotting {
    struct span text;
    bool *marks;
    bool any;
};

static void mark(struct blotting *b, size_t from, size_t len)
{
    memset(b->marks + from, true, len);
    b->any = true;
}

/* Marks the text's ends where one is the rest, or the beginning, of a secret that was cut. */
static void mark_ends(struct blotting *b, struct span secret)
{
    const uint8_t *text = b->text.data;
    size_t most = secret.len - 1 < b->text.len ? secret.len - 1 : b->text.len, n;
    for (n = most; n >= PART && memcmp(text, secret.data + secret.len - n, n) != 0; n--)
        ;
    if (n >= PART)
        mark(b, 0, n);
    for (n = most; n >= PART && memcmp(text + b->text.len - n, secret.data, n) != 0; n--)
        ;
    if (n >= PART)
        mark(b, b->text.len - n, n);
}

static void mark_secret(struct blotting *b, struct span secret)
{
    const uint8_t *at = b->text.data, *end = at + b->text.len, *found;
    if (secret.len < SHORTEST)
        return;
    for (; (found = memmem(at, (size_t)(end - at), secret.data, secret.len));
         at = found + secret.len)
        mark(b, (size_t)(found - b->text.data), secret.len);
    mark_ends(b, secret);
}

/* Marks a secret, what follows its first blank, and each of its lines. */
static void mark_text(struct blotting *b, const struct text *text)
{
    const char *blank, *line;
    if (!text->secret || !text->text)
        return;
    mark_secret(b, span_str(text->text));
    if ((blank = strchr(text->text, ' ')))
        mark_secret(b, span_str(blank + 1));
    for (line = text->text; line && strchr(text->text, '\n'); line = strchr(line, '\n')) {
        line += *line == '\n';
        mark_secret(b, span_of(line, strcspn(line, "\r\n")));
    }
}

/* Writes the text anew, with one sign for each run of marked bytes. */
static void rewrite(const struct blotting *b, struct buf *out)
{
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < b->text.len; i++) {
        if (!b->marks[i])
            buf_add_char(&text, (char)b->text.data[i]);
        else if (!i || !b->marks[i - 1])
            buf_add_str(&text, SECRET_SHOWN);
    }
    explicit_bzero(out->data, out->len);
    buf_done(out);
    *out = text;
}

void blot_out(const struct step_call *call, struct buf *text)
{
    const struct step *step = call->step;
    const struct pair *pairs = step->kind == STEP_HTTP ? step->headers : call->pipeline->env;
    size_t count = step->kind == STEP_HTTP ? step->header_count : call->pipeline->env_count;
    if (!call->pipeline->has_secrets || !text->len)
        return;
    struct blotting b = {buf_span(text), mem_alloc(text->len), false};
    mark_text(&b, &step->secret);
    for (size_t i = 0; i < count; i++)
        mark_text(&b, &pairs[i].value);
    if (b.any)
        rewrite(&b, text);
    free(b.marks);
}
