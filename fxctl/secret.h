#ifndef FXCTL_SECRET_H
#define FXCTL_SECRET_H
/*
 * secret - what the commands that deal with webhook secrets share.
 */
#include "fxctl/fxctl.h"
#include "model/credential.h"
#include "model/scheme.h"

/*
 * Reads --provider and --scheme into the scheme, and into the credential, which borrows
 * them as they are given. EXIT_DONE, or EXIT_USAGE after saying what is wrong.
 */
int secret_read_scheme(
    const struct fxctl *ctl, struct credential *credential, struct scheme *ret_scheme);

/*
 * Appends the one line of a file, or of standard input for "-". EXIT_DONE, or
 * EXIT_NO or EXIT_USAGE after saying why not.
 */
int secret_read_file(const struct fxctl *ctl, const char *path, struct buf *secret);

#endif
