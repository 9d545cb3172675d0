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
    bool begins, ends; /* the text was, or may have been, cut at this end */
    size_t open;       /* bytes at the end that may be the beginning of a secret */
};

static void mark(struct blotting *b, size_t from, size_t len)
{
    memset(b->marks + from, true, len);
    b->any = true;
}

/* How many bytes of the text's beginning are the end of the secret, and not all of it. */
static size_t rest_at_begin(struct span text, struct span secret)
{
    size_t n = secret.len - 1 < text.len ? secret.len - 1 : text.len;
    while (n && memcmp(text.data, secret.data + secret.len - n, n) != 0)
        n--;
    return n;
}

/* How many bytes of the text's end are the beginning of the secret, and not all of it. */
static size_t part_at_end(struct span text, struct span secret)
{
    size_t n = secret.len - 1 < text.len ? secret.len - 1 : text.len;
    while (n && memcmp(text.data + text.len - n, secret.data, n) != 0)
        n--;
    return n;
}

/* Marks the text's ends where one is the rest, or the beginning, of a secret that was cut. */
static void mark_ends(struct blotting *b, struct span secret)
{
    size_t rest = b->begins ? rest_at_begin(b->text, secret) : 0;
    size_t part = part_at_end(b->text, secret);
    if (rest >= PART)
        mark(b, 0, rest);
    if (b->ends && part >= PART)
        mark(b, b->text.len - part, part);
    if (part > b->open)
        b->open = part;
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

/* Marks all that the step was given. */
static void mark_all(struct blotting *b, const struct step_call *call)
{
    const struct step *step = call->step;
    const struct pair *pairs = step->kind == STEP_HTTP ? step->headers : call->pipeline->env;
    size_t count = step->kind == STEP_HTTP ? step->header_count : call->pipeline->env_count;
    mark_text(b, &step->secret);
    for (size_t i = 0; i < count; i++)
        mark_text(b, &pairs[i].value);
}

/*
 * Appends the first `len` bytes of the text, with one sign for each run of marked bytes, but none
 * for a run at the beginning that goes on (`in_secret`). Returns whether the last byte was marked.
 */
static bool rewrite(const struct blotting *b, size_t len, bool in_secret, struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        if (!b->marks[i])
            buf_add_char(out, (char)b->text.data[i]);
        else if (!in_secret)
            buf_add_str(out, SECRET_SHOWN);
        in_secret = b->marks[i];
    }
    return in_secret;
}

void blot_out(const struct step_call *call, struct buf *text)
{
    struct buf out = BUF_INIT;
    if (!call->pipeline->has_secrets || !text->len)
        return;
    struct blotting b = {
        .text = buf_span(text), .marks = mem_alloc(text->len), .begins = true, .ends = true};
    mark_all(&b, call);
    if (b.any) {
        (void)rewrite(&b, text->len, false, &out);
        explicit_bzero(text->data, text->len);
        buf_done(text);
        *text = out;
    }
    free(b.marks);
}

/* Shows the first `len` bytes of what is held. A secret that begins in them may end behind them. */
static void show(struct blot_stream *s, const struct blotting *b, size_t len, struct buf *out)
{
    s->in_secret = rewrite(b, len, s->in_secret, out);
    s->is_cut &= !len;
    for (s->gone = 0; len + s->gone < b->text.len && b->marks[len + s->gone]; s->gone++)
        ;
    buf_drop(&s->held, len);
}

void blot_stream_add(struct blot_stream *s, struct span text, bool last, struct buf *out)
{
    if (!s->call->pipeline->has_secrets) {
        buf_add_span(out, text);
        return;
    }
    buf_add_span(&s->held, text);
    if (!s->held.len)
        return;
    struct blotting b = {.text = buf_span(&s->held),
        .marks = mem_alloc(s->held.len),
        .begins = s->is_cut,
        .ends = last};
    if (s->gone)
        mark(&b, 0, s->gone);
    mark_all(&b, s->call);
    show(s, &b, last ? b.text.len : b.text.len - b.open, out);
    free(b.marks);
}

size_t blot_stream_cut(struct blot_stream *s)
{
    size_t len = s->held.len;
    buf_clear(&s->held);
    s->gone = 0;
    s->is_cut = true;
    s->in_secret = false;
    return len;
}

void blot_stream_done(struct blot_stream *s)
{
    if (s->held.len)
        explicit_bzero(s->held.data, s->held.len);
    buf_done(&s->held);
}
