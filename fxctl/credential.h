#ifndef FXCTL_CREDENTIAL_H
#define FXCTL_CREDENTIAL_H
/*
 * credential - what the commands for API keys and for webhook secrets share.
 */
#include "base/json.h"
#include "fxctl/fxctl.h"
#include "model/credential.h"

/* Options of both, for their tables. */
#define CREDENTIAL_OPTIONS \
    {"expires", "WHEN", OPTION_FREE, \
        "when it ends, such as 90d, 12h or an RFC 3339 time; else never"}, \
        {"types", "TYPE[,TYPE]", OPTION_FREE, \
            "event types it may send, \"*\" at an end for all that begin so"}, \
        {"sources", "SOURCE[,SOURCE]", OPTION_FREE, "event sources it may send, likewise"}, \
        {"rate", "N", OPTION_FREE, "requests a second it may make"}, \
    { \
        "burst", "N", OPTION_FREE, "requests it may make at once; else the rate" \
    }

/* Reads --name and the options above, all checked. EXIT_DONE, or EXIT_USAGE after saying what is
 * wrong. */
int credential_read(const struct fxctl *ctl, struct credential *credential);

/* Stores a new one, which the store then owns. EXIT_DONE or the status to leave with. */
int credential_create(const struct fxctl *ctl, const struct credential *credential);

/*
 * Prints what was made: the secret text alone, or with --json an object that holds
 * it as `word` ("token", "secret"). This is the only time it is shown.
 */
void credential_print_made(const struct fxctl *ctl, const struct credential *credential,
    const char *word, const char *secret);

/* The commands list and revoke of one kind. */
int credential_list(struct fxctl *ctl, enum credential_kind kind);
int credential_revoke(struct fxctl *ctl, enum credential_kind kind);

/*
 * Puts a new proof beside the present one, which stays good until --until.
 * EXIT_DONE or the status to leave with.
 */
int credential_rotate(struct fxctl *ctl, const struct uuid *id, struct span proof);

/*
 * Opens the store and finds the credential that the first operand names by its
 * id, its text in `text`. EXIT_DONE or the status to leave with.
 */
int credential_find(struct fxctl *ctl, enum credential_kind kind, struct buf *text,
    struct credential *ret_credential);

#endif
