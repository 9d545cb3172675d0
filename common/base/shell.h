#ifndef BASE_SHELL_H
#define BASE_SHELL_H
/*
 * shell - commands that are shown to people, who paste them into a shell.
 */
#include "base/buf.h"

/* Appends the text as one word for a shell, in quotes where it would not be one as it stands. */
void shell_add_word(struct span text, struct buf *out);

#endif
