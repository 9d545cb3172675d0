#ifndef FXCTL_TEXT_H
#define FXCTL_TEXT_H
/*
 * text - text from outside made fit for a terminal.
 *
 * Names, errors and the output of steps come from clients and scripts. A control character
 * in them could move the cursor or forge a line, so none gets through. JSON answers have
 * every character as it is.
 */
#include "base/buf.h"

/* Appends the text on one line: control characters as spaces, bad UTF-8 as U+FFFD. */
void text_add_line(struct span text, struct buf *out);

/* Appends the text with its lines, each behind `indent` and ended by a newline. Tabs are kept. */
void text_add_lines(struct span text, const char *indent, struct buf *out);

/* Appends the text as one word for a shell, in quotes where it would not be one as it stands. */
void text_add_word(struct span text, struct buf *out);

/* How many columns the text takes on a terminal, with one for every character. */
size_t text_width(struct span text);

#endif
