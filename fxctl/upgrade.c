/* upgrade - carries a home over from an earlier version. */
#include "store/upgrade.h"

#include <inttypes.h>

#include "base/json.h"
#include "fxctl/fxctl.h"
#include "home/alive.h"

static void tell(const struct fxctl *ctl, const struct upgrade *upgrade)
{
    bool done = upgrade->from < upgrade->to;
    struct buf text = BUF_INIT;
    if (ctl->json) {
        struct json_out o = json_out_to(&text);
        json_open(&o, '{');
        json_put_int(&o, "from", (int64_t)upgrade->from);
        json_put_int(&o, "to", (int64_t)upgrade->to);
        json_put_str(&o, "copy", done ? upgrade->copy : NULL);
        json_close(&o, '}');
    } else if (done) {
        buf_printf(&text,
            "The database was brought from layout %" PRIu64 " to %" PRIu64 ".\n"
            "A copy of it as it was is in %s; delete that once all is well.",
            upgrade->from, upgrade->to, upgrade->copy);
    } else {
        buf_printf(&text, "The database has layout %" PRIu64 " already; nothing was changed.",
            upgrade->to);
    }
    fxctl_print(&text);
    buf_done(&text);
}

/* With the lock that the dispatcher works under. */
static int upgrade_locked(struct fxctl *ctl)
{
    struct upgrade upgrade;
    who_find(&ctl->who);
    int status = fxctl_opened(upgrade_open(&ctl->home, &ctl->who.actor, &ctl->store, &upgrade));
    if (!status)
        tell(ctl, &upgrade);
    return status;
}

static int upgrade(struct fxctl *ctl)
{
    int lock;
    bool died;
    int status = fxctl_open_home(ctl);
    if (status)
        return status;
    enum err err = alive_take(&ctl->home, &lock, &died);
    if (err == ERR_BUSY)
        return fxctl_refuse("a dispatcher runs (process %d); stop it and the web server first",
            (int)alive_pid(&ctl->home));
    if (err)
        return fxctl_failed(err);
    status = upgrade_locked(ctl);
    if (!died) /* else the next dispatcher still has to hear of it */
        alive_leave(lock);
    return status;
}

const struct command upgrade_commands[] = {
    {
        .name = "upgrade",
        .summary = "bring the database of a home to this version's layout",
        .details =
            "Stop the web server and the dispatcher, install the new version, and run this; a\n"
            "dispatcher that starts does the same. First the database is copied to a directory\n"
            "of the home, db.layout-N for layout N, which is named and takes as much room as\n"
            "the database. Running it again is harmless, also where it was cut short. The way\n"
            "back is the copy and the version before: db/ is moved away, and the copy takes its\n"
            "place.",
        .run = upgrade,
    },
    {0},
};
