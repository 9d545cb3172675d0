#ifndef FXCTL_OPTIONS_H
#define FXCTL_OPTIONS_H
/*
 * options - reads the command line by the tables of commands.
 *
 * --home, --json, --help and --version are understood anywhere, unless the command
 * has an option of that name; the options of a command stand behind its name.
 * "--name=value" and "--name value" mean the same, "--" ends the options, and "-" is an
 * ordinary word.
 */
#include "fxctl/fxctl.h"

/*
 * `groups` are the tables of commands in the order of help; NULL ends the list. Borrows
 * words from argv. EXIT_DONE, or EXIT_USAGE after saying what was wrong. With --help or
 * --version there may be no command, and options and operands may be missing.
 */
int options_parse(
    const struct command *const *groups, int argc, char **argv, struct fxctl *ret_ctl);

#endif
