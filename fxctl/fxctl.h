#ifndef FXCTL_FXCTL_H
#define FXCTL_FXCTL_H
/*
 * fxctl - what the commands of the command line share: how a command is
 * declared, what was asked of it, and how it answers.
 *
 * Standard output carries what was asked for and nothing else; everything that
 * is said beside it goes to standard error. A command returns its exit status.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "home/home.h"
#include "store/store.h"

/* Exit statuses; EXIT_RETRY (111) of base/log.h says that trying again may help. */
#define EXIT_DONE 0
#define EXIT_NO 1
#define EXIT_USAGE 2

#define OPTIONS_MAX 12 /* of one command */
#define OPERANDS_MAX 2 /* of one command */
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

/* One command. Parsing and help both go by this. */
struct command {
    const char *name;     /* one word or two; NULL ends a table */
    const char *operands; /* as help shows them; NULL: none */
    int operands_min, operands_max;
    const struct option_rule *options; /* NULL: none of its own */
    const char *summary;               /* half a line */
    const char *details;               /* paragraphs of help; may be NULL */
    int (*run)(struct fxctl *ctl);
};

/* One run of the program. */
struct fxctl {
    const struct command *command;
    char noun[16];          /* the first word of a command whose second is missing; help only */
    const char *home_given; /* --home, or NULL */
    bool json, help, version;
    const char *values[OPTIONS_MAX]; /* beside command->options; "" for one without its value */
    const char *many[MANY_MAX];      /* values of the option with OPTION_MANY */
    int many_count;
    const char *operands[OPERANDS_MAX];
    int operand_count;

    struct home home;    /* after fxctl_open_home */
    struct store *store; /* after fxctl_open */
};

/* The value of an option of this command; NULL when it was not given. Borrowed. */
const char *fxctl_option(const struct fxctl *ctl, const char *name);

/*
 * Opens the home, the store of the open home, or both. EXIT_DONE, or the status to
 * leave with; it was said why.
 */
int fxctl_open_home(struct fxctl *ctl);
int fxctl_open_store(struct fxctl *ctl, enum store_mode mode);
int fxctl_open(struct fxctl *ctl, enum store_mode mode);

/* Says what was wrong with the command line, with the usage of the command. EXIT_USAGE. */
int fxctl_usage(const struct fxctl *ctl, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says why not. EXIT_NO. */
int fxctl_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says that the store failed, which it has logged itself where there is more to say. EXIT_RETRY. */
int fxctl_failed(enum err err);

/* A line on standard error for whoever watches. */
void fxctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The text on standard output, ended by a newline unless it is empty. */
void fxctl_print(const struct buf *text);

/* The tables of the commands, by noun. */
extern const struct command init_commands[];
extern const struct command key_commands[];
extern const struct command secret_commands[];
extern const struct command publish_commands[];
extern const struct command verify_commands[];
extern const struct command pipeline_commands[];
extern const struct command trigger_commands[];
extern const struct command execution_commands[];
extern const struct command action_commands[];
extern const struct command dead_letter_commands[];
extern const struct command status_commands[];

#endif
