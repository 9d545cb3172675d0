#ifndef BASE_DIRECTORY_H
#define BASE_DIRECTORY_H
/*
 * directory - what is in a directory, without the two names that every one has.
 */
#include <dirent.h>
#include <stdbool.h>

/* The next entry that is neither "." nor ".."; NULL at the end, and where reading fails. */
struct dirent *directory_next(DIR *dir);

bool directory_is_dots(const char *name);

#endif
