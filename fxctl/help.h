#ifndef FXCTL_HELP_H
#define FXCTL_HELP_H
/*
 * help - usage lines and help, written from the tables of commands.
 */
#include "fxctl/fxctl.h"

/* Says what was wrong with the command line, with the usage of the command. EXIT_USAGE. */
int help_usage(const struct fxctl *ctl, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Help on standard output: for the command, for the commands of a noun ("key"), or for all. */
void help_print(const struct command *const *groups, const struct fxctl *ctl);

#endif
