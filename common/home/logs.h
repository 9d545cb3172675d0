#ifndef HOME_LOGS_H
#define HOME_LOGS_H
/*
 * logs - where the programs of a home log to, as [log] of fx.conf has it.
 *
 * A file is log/NAME.log, bounded and kept as the settings say. Where standard error is such a
 * file already, that one is: of a dispatcher that was started on demand, of its runners, and of
 * programs whose web server has been told to collect their standard error there.
 */
#include "home/home.h"

/*
 * Called before the home is opened: where standard error leads nowhere, what is wrong with the
 * home or its settings is told by log/NAME.log there, else by syslog.
 */
void logs_early(const char *given, const char *name);

/*
 * Called when the home is open, and again when its settings have changed. A standard error that
 * leads nowhere is a file.
 */
void logs_begin(const struct home *home, const char *name);

/* What a file in log/ with this name may have. `path` has room for it, and is borrowed. */
struct rotate logs_file(const struct home *home, const char *name, char ret_path[PATH_MAX]);

/* From now on SIGHUP opens the log anew, and ends nothing. */
void logs_heed_hangup(void);

#endif
