#ifndef FXCTL_HELP_H
#define FXCTL_HELP_H
/*
 * help - usage lines and help, written from the tables of commands.
 */
#include "fxctl/fxctl.h"

/* Appends "fxctl key create --name NAME ...", without a line end. NULL: of fxctl itself. */
void help_usage(const struct command *command, struct buf *out);

/* Help on standard output: for the command, for the commands of a noun ("key"), or for all. */
void help_print(const struct command *const *groups, const struct fxctl *ctl);

#endif
