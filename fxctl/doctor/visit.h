#ifndef FXCTL_DOCTOR_VISIT_H
#define FXCTL_DOCTOR_VISIT_H
/*
 * visit - one run of fxctl doctor: the home that is looked at, as which account, and what is found.
 *
 * A check looks, judges, and tells each fault with the file and the command that mends it. It
 * changes nothing. What a command is to be run by is seen to here: where root has called, doctor
 * itself looks as the account that the home belongs to, and commands are such as root can paste,
 * whatever that account has put into its home: they run as the account where they can.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "fxctl/fxctl.h"
#include "home/login.h"

enum gravity {
    NOTED, /* worth knowing; all may be well */
    WRONG,
};

struct finding {
    const char *check; /* the name of the check */
    enum gravity gravity;
    struct buf file, what, mend; /* mend: a line for a shell; empty where none can do it */
    bool is_verbatim;            /* root alone can do it, or it is for no shell */
};

struct visit {
    struct fxctl *ctl; /* its store is open where one could be opened */
    struct home home;  /* the settings are the defaults where fx.conf cannot be read */
    const char *named; /* the directory as it was named, before links were followed */
    const char *url;   /* where the web server is said to answer; NULL */
    bool is_there;     /* the home is a directory; else nothing more is looked at */
    bool by_root;      /* root has called */
    uid_t uid;         /* the account that looks, and that the programs run as */
    gid_t gid;
    struct login account;

    const char *check;   /* the one at hand */
    const char *skipped; /* why the check at hand did not look; NULL */
    struct finding *findings;
    size_t count, wrong;
};

/* Is called with a visit, and tells what it finds. */
typedef void visit_check(struct visit *visit);

/* A new finding, valid until the next. The text is the whole sentence. */
struct finding *visit_find(struct visit *visit, enum gravity gravity, const char *file,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* This check cannot look; why not, as a static text. */
void visit_skip(struct visit *visit, const char *why);

/*
 * Adds a command to a finding's line, joined to those before with &&: the command as it is, and
 * the words behind it, up to a NULL, in quotes where a shell wants that.
 */
void mend_with(struct finding *finding, const char *command, ...) __attribute__((sentinel));

/* The same for what only root can do. */
void mend_as_root(const struct visit *visit, struct finding *finding, const char *command, ...)
    __attribute__((sentinel));

/* A command of fxctl, on this home. */
void mend_with_fxctl(const struct visit *visit, struct finding *finding, const char *command);

/* A setting is added to fx.conf. */
void mend_setting(const struct visit *visit, struct finding *finding, const char *section,
    const char *key, const char *value);

/*
 * The account becomes the owner of the file again. Nothing is added for a link, or a file with
 * another name: by it the account would be given what is not in its home.
 */
void mend_owner(const struct visit *visit, struct finding *finding, const char *path);

/* Writes the line of a finding for who has called. */
void mend_print(const struct visit *visit, const struct finding *finding, struct buf *out);

void visit_done(struct visit *visit);

#endif
