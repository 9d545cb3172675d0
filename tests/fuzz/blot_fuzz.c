/*
 * blot_fuzz - a line with a secret, then what a step has written: the secret does not stand in
 * what is kept of it. One with a bracket may come about behind "(not shown)", by chance.
 */
#include "tests/fuzz/fuzz.h"

#include "runner/blot.h"

#define SHORTEST 8 /* as in runner/blot.c */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span written = span_of(data, size);
    char *secret = span_dup(cut(&written, '\n'));
    struct pair pair = {.value = {.text = secret, .secret = secret}};
    struct pipeline pipeline = {.env = &pair, .env_count = 1, .has_secrets = true};
    struct step step = {.kind = STEP_SCRIPT};
    struct step_call call = {.pipeline = &pipeline, .step = &step};
    struct buf text = BUF_INIT;
    buf_add_span(&text, written);
    blot_out(&call, &text);
    touch(buf_span(&text));
    bool tells = text.len && memmem(text.data, text.len, secret, strlen(secret));
    require(!tells || strlen(secret) < SHORTEST || strpbrk(secret, "()"));
    buf_done(&text);
    free(secret);
    return 0;
}
