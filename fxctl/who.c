/* who - see who.h. */
#include "fxctl/who.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_SHOWN 100 /* bytes of one account's name */

void who_find(struct who *ret_who)
{
    const char *wish = getenv("SUDO_USER");
    const struct passwd *found = getpwuid(getuid());
    char own[NAME_SHOWN];
    if (found)
        snprintf(own, sizeof own, "%s", found->pw_name);
    else
        snprintf(own, sizeof own, "%u", (unsigned)getuid());
    if (wish && *wish)
        snprintf(ret_who->name, sizeof ret_who->name, "%.*s as %s", NAME_SHOWN, wish, own);
    else
        snprintf(ret_who->name, sizeof ret_who->name, "%s", own);
    ret_who->actor = (struct actor){.kind = ACTOR_ACCOUNT, .name = span_str(ret_who->name)};
}
