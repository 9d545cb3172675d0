#ifndef FXCTL_CREDENTIAL_H
#define FXCTL_CREDENTIAL_H
/*
 * credential - what the commands for API keys and for webhook secrets share.
 */
#include "base/json.h"
#include "fxctl/fxctl.h"
#include "model/credential.h"

/* Options that the commands for both have in their tables. */
#define CREDENTIAL_OPTIONS \
    {"expires", "WHEN", OPTION_FREE, \
        "when it ends, such as 90d, 12h or an RFC 3339 time; else never"}, \
        {"types", "TYPE[,TYPE]", OPTION_FREE, \
            "event types and topics it may send, \"*\" at an end for all that begin so"}, \
        {"sources", "SOURCE[,SOURCE]", OPTION_FREE, "event sources it may send, likewise"}, \
        {"rate", "N", OPTION_FREE, "requests a second it may make"}, \
    { \
        "burst", "N", OPTION_FREE, "requests it may make at once; else the rate" \
    }

/* Reads and checks --name and the options above. EXIT_DONE, or EXIT_USAGE after saying why not. */
int credential_read(const struct fxctl *ctl, struct credential *credential);

/*
 * Stores a new credential: an API key with its proof, a webhook secret with this text, which is
 * sealed. EXIT_DONE or the status to leave with.
 */
int credential_create(
    const struct fxctl *ctl, const struct credential *credential, struct span secret);

/*
 * Prints a credential that was made: its secret text alone, or with --json an object that
 * has that text as `word` ("token", "secret"). The secret text is never shown again.
 */
void credential_print_made(const struct fxctl *ctl, const struct credential *credential,
    const char *word, const char *secret);

/* The commands list and revoke, for one kind of credentials. */
int credential_list(struct fxctl *ctl, enum credential_kind kind);
int credential_revoke(struct fxctl *ctl, enum credential_kind kind);

/*
 * Puts a new proof beside the present proof, which stays good until --until: this one, or, of a
 * webhook secret, its new text. EXIT_DONE or the status to leave with.
 */
int credential_rotate(const struct fxctl *ctl, const struct credential *credential,
    struct span proof, struct span secret);

/*
 * Opens the store and finds the credential that the first operand names: by its name, its id or
 * the end of that (fxctl/id.h), and one that is revoked only where no other is named so. The
 * credential borrows from `text`. EXIT_DONE or the status to leave with.
 */
int credential_find(struct fxctl *ctl, enum credential_kind kind, struct buf *text,
    struct credential *ret_credential);

#endif
