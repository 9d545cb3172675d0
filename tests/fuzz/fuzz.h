#ifndef FUZZ_H
#define FUZZ_H
/*
 * fuzz - what the targets share. Each is a function that gets any bytes and ends the program
 * when what must hold of them does not.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, whose stack libFuzzer prints, where something does not hold. */
#define require(ok) ((ok) ? (void)0 : require_failed(__FILE__, __LINE__, #ok))

static inline void require_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    abort();
}

/* The bytes up to the next such byte, which goes too; all of them where there is none. */
static inline struct span cut(struct span *rest, char end)
{
    struct span part = *rest;
    if (!rest->len)
        return part;
    const uint8_t *at = memchr(rest->data, end, rest->len);
    part.len = at ? (size_t)(at - rest->data) : rest->len;
    size_t gone = part.len + (at != NULL);
    *rest = span_of(rest->data + gone, rest->len - gone);
    return part;
}

/* Reads every byte, for the sanitizer. */
static inline void touch(struct span text)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < text.len; i++)
        sum = (uint8_t)(sum + text.data[i]);
}

#endif
