#ifndef FXCTL_FXCTL_H
#define FXCTL_FXCTL_H
/*
 * fxctl - one run of the command line: what was asked of the command, and how it
 * answers.
 *
 * Standard output carries what was asked for and nothing else; whatever else is said goes
 * to standard error. A command returns its exit status.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "fxctl/command.h"
#include "fxctl/who.h"
#include "home/home.h"
#include "store/store.h"

/* Exit statuses; EXIT_RETRY (111) of base/log.h says that trying again may help. */
#define EXIT_DONE 0
#define EXIT_NO 1
#define EXIT_USAGE 2

/* One run of the program. */
struct fxctl {
    const struct command *const *groups; /* the tables of all commands; NULL ends the list */
    const struct command *command;
    char noun[16];          /* the first word of a command whose second is missing; help only */
    const char *home_given; /* --home, or NULL */
    bool json, help, version;
    const char *values[OPTIONS_MAX]; /* in the order of command->options; "": without a value */
    const char *many[MANY_MAX];      /* values of the option with OPTION_MANY */
    int many_count;
    const char *operands[OPERANDS_MAX];
    int operand_count;

    struct home home;    /* after fxctl_open_home */
    struct store *store; /* after fxctl_open */
    struct who who;      /* after the store was opened to be written */
};

/* The value of an option of this command; NULL when it was not given. Borrowed. */
const char *fxctl_option(const struct fxctl *ctl, const char *name);

/*
 * Root works on the home that /etc/fxbridge/home names as its owner, so that nothing in it comes to
 * be root's. EXIT_DONE, or EXIT_NO after saying why that cannot be.
 */
int fxctl_become_owner(const struct fxctl *ctl);

/*
 * Open the home, the store of the open home, or both. EXIT_DONE, or the status to leave
 * with after saying why.
 */
int fxctl_open_home(struct fxctl *ctl);
int fxctl_open_store(struct fxctl *ctl, enum store_mode mode);
int fxctl_open(struct fxctl *ctl, enum store_mode mode);
int fxctl_opened(enum err err); /* the store, in another way */

/* Says why not. EXIT_NO. */
int fxctl_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says that the store failed; the store has logged what more there is to say. EXIT_RETRY. */
int fxctl_failed(enum err err);

/* A line on standard error for whoever watches. */
void fxctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Appends a command that does its work when it is pasted, "fxctl trigger start NAME": on the home
 * that was named here, and with the name in quotes where a shell wants that.
 */
void fxctl_add_command(
    const struct fxctl *ctl, const char *command, struct span name, struct buf *out);

/* Prints the text on standard output; a newline ends a text that is not empty. */
void fxctl_print(const struct buf *text);

/* The tables of the commands, by noun. */
extern const struct command init_commands[];
extern const struct command upgrade_commands[];
extern const struct command key_commands[];
extern const struct command secret_commands[];
extern const struct command step_secret_commands[];
extern const struct command rekey_commands[];
extern const struct command publish_commands[];
extern const struct command verify_commands[];
extern const struct command event_commands[];
extern const struct command erasure_commands[];
extern const struct command tail_commands[];
extern const struct command pipeline_commands[];
extern const struct command trigger_commands[];
extern const struct command execution_commands[];
extern const struct command execution_log_commands[];
extern const struct command action_commands[];
extern const struct command dead_letter_commands[];
extern const struct command pause_commands[];
extern const struct command status_commands[];
extern const struct command audit_commands[];
extern const struct command retention_commands[];
extern const struct command doctor_commands[];
extern const struct command completion_commands[];
extern const struct command man_commands[];

#endif
