#ifndef BASE_NAMES_H
#define BASE_NAMES_H
/*
 * names - a list of names as a setting holds it: blanks between them, and a name that
 * ends in "*" stands for every name that begins with what is before the star.
 */
#include <stdbool.h>
#include <stddef.h>

/* Is the text such a list? A name has letters, digits, ".", "_" and "-". An empty list is one. */
bool names_are_list(const char *text);

/* Does the list have the name, or a beginning of it? Case counts. */
bool names_have(const char *list, const char *name);

/* Walks a list: its next name, with the name's length; 0 at the list's end. */
const char *names_next(const char *list, size_t *ret_len);

#endif
