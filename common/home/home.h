#ifndef HOME_HOME_H
#define HOME_HOME_H
/*
 * home - the directory that is one installation.
 *
 *   fx.conf    settings (home/config.h)
 *   secret.key the key that secrets are sealed with (keyring.h); wants its own backup
 *   db/        the LMDB environment
 *   scripts/   the executables that steps may name
 *   run/       sockets, the dispatcher's lock and its sign of life
 *   log/       logs
 *   uploads/   where a web server keeps bodies that it is still receiving
 */
#include <limits.h>
#include <stdbool.h>

#include "base/err.h"
#include "home/config.h"

struct home {
    char dir[PATH_MAX];
    struct config config;
};

/*
 * Finds the home and reads its fx.conf. The home is `given` (an option; may be NULL),
 * else FX_HOME. For programs that are started with a bare environment it is else the
 * directory named in the file "fxbridge.home" beside the running executable, else
 * ~/.fxbridge if that is there, else the directory named in /etc/fxbridge/home, else
 * ~/.fxbridge. ERR_NOTFOUND: there is no such directory. ERR_INVALID: fx.conf is
 * wrong. ERR_DENIED: somebody else can write the home (trust.h). All are logged with what to do.
 */
enum err home_open(const char *given, struct home *ret_home) MUST_CHECK;

/* Reads fx.conf again. Errors as home_open; the settings are then as before. */
enum err home_reread(struct home *home) MUST_CHECK;

/* Where home_open would look, for `fxctl init`. ERR_INVALID when the path is too long. */
enum err home_locate(const char *given, char ret_dir[PATH_MAX]) MUST_CHECK;

/* Is it the home that root has named in /etc/fxbridge/home? */
bool home_is_of_system(const char *given, char ret_dir[PATH_MAX]);

/*
 * Where programs look that are told nothing, and the file that names it; "" for ~/.fxbridge. False
 * when the path does not fit.
 */
bool home_untold(char ret_dir[PATH_MAX], char ret_file[PATH_MAX]) MUST_CHECK;

/* Logs what is wrong with a setting that fx.conf allows, and with the line that it is in. */
void home_tell_setting(
    const struct home *home, const char *section, const char *key, const struct buf *why);

/*
 * Makes the directories and fx.conf where they are missing. What was cut short is completed by
 * the next call. ERR_IO is logged.
 */
enum err home_create(const char *dir) MUST_CHECK;

/*
 * Keeps other processes from making what is to be made once. The result is to be closed; it is
 * negative where there is no home.
 */
int home_hold(const struct home *home) MUST_CHECK;

/* dir + "/" + name. A path that is too long, which home_open rules out, ends the process. */
void home_path(const struct home *home, const char *name, char ret_path[PATH_MAX]);

#endif
