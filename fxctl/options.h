#ifndef FXCTL_OPTIONS_H
#define FXCTL_OPTIONS_H
/*
 * options - reads the command line by the tables of commands.
 *
 * --home, --json, --help and --version are understood anywhere, unless the command
 * has an option of that name; the options of a command stand behind its name.
 * "--name=value" and "--name value" are the same, "--" ends the options, "-" is an
 * ordinary word.
 */
#include "fxctl/fxctl.h"

/*
 * `groups` are the tables of commands in the order of help; NULL ends the list.
 * EXIT_DONE, or EXIT_USAGE after saying what was wrong. Words are borrowed from argv.
 * With --help or --version there may be no command, and nothing need be complete.
 */
int options_parse(
    const struct command *const *groups, int argc, char **argv, struct fxctl *ret_ctl);

#endif
