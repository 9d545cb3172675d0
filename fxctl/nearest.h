#ifndef FXCTL_NEAREST_H
#define FXCTL_NEAREST_H
/*
 * nearest - which of the words that are known are like one that is not: "did you mean".
 *
 * Near is what a few slips of the fingers make of a word: a letter too many, too few, wrong, or
 * two changed over, in upper or lower case; and what the word is the beginning of.
 */
#include <stdbool.h>

#include "base/buf.h"

#define NEAREST_MAX 3   /* words that are proposed */
#define NEAREST_LEN 256 /* bytes of a word; longer ones are like no other */

struct nearest {
    struct span word; /* borrowed */
    struct {
        char text[NEAREST_LEN + 1];
        unsigned slips;
    } found[NEAREST_MAX]; /* nearest first */
    size_t count;
};

struct nearest nearest_to(struct span word);

/* Keeps `say`, a copy of it, where `known` is near enough and nearer than what was kept. */
void nearest_offer(struct nearest *nearest, struct span known, struct span say);

/* Appends "; did you mean a, b or c?", or nothing where nothing is near. */
void nearest_add(const struct nearest *nearest, struct buf *out);

/*
 * The same for words of a list with commas between, each of which ought to be one of the known
 * ones, which stand between commas and spaces.
 */
void nearest_add_listed(struct span words, const char *known, struct buf *out);

#endif
