#ifndef FXCTL_COMMAND_H
#define FXCTL_COMMAND_H
/*
 * command - how a command of the command line is declared. Parsing and help both go by
 * these tables.
 */
#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_MAX 12 /* options of one command */
#define OPERANDS_MAX 2 /* operands of one command */
#define MANY_MAX 64    /* values of one option */

enum option_need {
    OPTION_FREE,     /* may be left out */
    OPTION_REQUIRED, /* must be given */
    OPTION_BARE,     /* may be left out, and so may its value: the word behind it is
                        taken as the value when it is a number */
    OPTION_MANY,     /* may be given again and again; one such option a command */
};

struct option_rule {
    const char *name;  /* without "--"; NULL ends a table */
    const char *value; /* what stands for its value in help */
    enum option_need need;
    const char *summary;
};

struct fxctl;

/* One command. */
struct command {
    const char *name;     /* one word or two; NULL ends a table */
    const char *operands; /* as help shows them; NULL: none */
    int operands_min, operands_max;
    const struct option_rule *options; /* NULL: none of its own */
    const char *summary;               /* half a line */
    const char *details;               /* paragraphs of help; may be NULL */
    int (*run)(struct fxctl *ctl);
};

/* The options that every command has. */
extern const struct option_rule command_global[];

/* The place of an option in its table (NULL is an empty one), or -1. */
int command_find_option(const struct option_rule *rules, const char *name, size_t len);

/* Is a name expected as its operand, which people choose? */
bool command_takes_name(const struct command *command);

/* Is it one of the noun's commands ("key create" of "key")? Every command is one of "". */
bool command_is_of(const struct command *command, const char *noun);

/* The command of a noun and a word, or of a word alone where noun is ""; NULL: there is none. */
const struct command *command_find(
    const struct command *const *groups, const char *noun, const char *word);

/* Do commands before this one begin with its first word? */
bool command_begins_again(const struct command *const *groups, const struct command *command);

#endif
