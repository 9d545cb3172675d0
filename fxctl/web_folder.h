#ifndef FXCTL_WEB_FOLDER_H
#define FXCTL_WEB_FOLDER_H
/*
 * web_folder - a folder of a shared host's web server, below which FX Bridge is to answer: for each
 * web program a script that starts it for the home, and Apache's .htaccess. A script rather than
 * the program: suexec starts no links, keeps variables from programs, and a copy would have to be
 * renewed with each version.
 */
#include "fxctl/fxctl.h"

/* May the folder serve this home? EXIT_DONE; EXIT_NO, said: it would serve the home's files. */
int web_folder_check(const char *home, const char *folder);

/*
 * Makes the folder, or what is missing of it, and makes the home the account's alone. EXIT_DONE;
 * EXIT_NO, said: a file in it is somebody else's, or cannot be written.
 */
int web_folder_make(const struct fxctl *ctl, const char *folder);

/* Says how the dispatcher is run on such a host. */
void web_folder_tell(const struct fxctl *ctl);

#endif
