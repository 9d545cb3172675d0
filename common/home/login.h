#ifndef HOME_LOGIN_H
#define HOME_LOGIN_H
/*
 * login - what a script is told of the account that it runs under: HOME, USER and LOGNAME, as cron
 * gives them (crontab(5)).
 */
#include <limits.h>
#include <stdbool.h>

#include "home/account.h"
#include "home/home.h"

#define LOGIN_NAME 256 /* bytes of a name with its NUL; a longer one is cut */

struct login {
    char name[LOGIN_NAME]; /* the account's number where the system has no name for it */
    char home[PATH_MAX];   /* "": a script's work directory has to do */
};

/*
 * Looks an account up; NULL is this process's own. The directory is that of [step] home in fx.conf,
 * else what the system has for the account, where login_is_home says that it will do.
 */
void login_of(const struct home *home, const struct account *account, struct login *ret_login);

/*
 * Will the directory do as HOME? It has to be there, and to lead neither to the home of FX Bridge
 * nor into that. Whose it is, and whether a link leads to it, is the system's business.
 */
bool login_is_home(const struct home *home, const char *directory);

#endif
