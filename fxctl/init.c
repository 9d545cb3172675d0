/* init - makes a home. */
#include "base/json.h"
#include "base/log.h"
#include "fxctl/fxctl.h"

#include <unistd.h>

static void tell(const struct fxctl *ctl, bool existed)
{
    const char *dir = ctl->home.dir;
    struct buf text = BUF_INIT;
    if (ctl->json) {
        struct json_out o = json_out_to(&text);
        json_open(&o, '{');
        json_put_str(&o, "home", dir);
        json_put_bool(&o, "created", !existed);
        json_close(&o, '}');
    } else {
        buf_add_str(&text, dir);
    }
    fxctl_print(&text);
    buf_done(&text);
    fxctl_say(existed ? "The home was there already; nothing in it was changed."
                      : "The home is made. Its settings are in fx.conf, with an explanation each.");
    fxctl_say("Next, make a key for your clients:\n"
              "  fxctl --home %s key create --name NAME --scope events,status",
        dir);
}

static int init(struct fxctl *ctl)
{
    char dir[PATH_MAX], database[PATH_MAX];
    if (home_locate(ctl->home_given, dir) || home_create(dir))
        return EXIT_NO; /* it was logged: somebody has to mend the path or its permissions */
    int status = fxctl_open_home(ctl);
    if (status)
        return status;
    home_path(&ctl->home, "db/data.mdb", database);
    bool existed = access(database, F_OK) == 0;
    enum err err = store_create(&ctl->home);
    if (err)
        return err == ERR_DENIED ? EXIT_NO : fxctl_failed(err);
    tell(ctl, existed);
    return EXIT_DONE;
}

const struct command init_commands[] = {
    {
        .name = "init",
        .summary = "make a home, or what is missing of one",
        .details = "Prints the path of the home. Running it again is harmless: settings, keys and\n"
                   "events stay as they are. The home must be on a local disk.",
        .run = init,
    },
    {0},
};
