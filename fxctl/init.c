/* init - makes a home. */
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "fxctl/help.h"
#include "fxctl/web_folder.h"
#include "home/keyring.h"
#include "home/layout.h"
#include "store/credentials.h"
#include "store/step_secrets.h"

#define READERS "fxbridge-read" /* the readers' group where none is named */

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
    if (existed)
        fxctl_say("The home was there already: what it lacked was made, and nothing else changed.");
    else
        fxctl_say("The home is made. Its settings are in fx.conf, each with an explanation.\n"
                  "Next, make a key for your clients:\n"
                  "  fxctl --home %s key create --name NAME --scope events,status",
            dir);
}

static bool count_one(const struct credential *credential, void *context)
{
    if (!credential->revoked_ms)
        ++*(size_t *)context;
    return true;
}

/* How many secrets of the database can still be used, given their key? */
static int count_secrets(struct fxctl *ctl, size_t *ret_webhooks, size_t *ret_steps)
{
    struct store_txn *txn;
    int status = fxctl_open_store(ctl, STORE_READ_ONLY);
    if (status)
        return status;
    enum err err = store_read_begin(ctl->store, &txn);
    if (!err) {
        err = credentials_webhooks(txn, count_one, ret_webhooks);
        if (!err)
            err = step_secrets_count(txn, ret_steps);
        store_read_end(txn);
    }
    store_close(ctl->store);
    ctl->store = NULL;
    return err ? fxctl_failed(err) : EXIT_DONE;
}

/* A new key would hide that the old one is lost: nothing sealed with that can be read. */
static int refuse_new_key(struct fxctl *ctl)
{
    size_t webhooks = 0, steps = 0;
    int status = count_secrets(ctl, &webhooks, &steps);
    if (status || !(webhooks + steps))
        return status;
    return fxctl_refuse(
        "secret.key is missing in %s, and secrets are sealed with it (webhook secrets: %zu, step "
        "secrets: %zu); restore it from its backup, or give them up and make a new key: "
        "fxctl --home %s rekey --give-up",
        ctl->home.dir, webhooks, steps, ctl->home.dir);
}

static bool has_database(const struct fxctl *ctl)
{
    struct stat st;
    char path[PATH_MAX];
    home_path(&ctl->home, "db/data.mdb", path);
    return stat(path, &st) == 0 && st.st_size > 0;
}

/* An empty key file is one that is to be mended, not a missing one. */
static bool has_key(const struct fxctl *ctl)
{
    char path[PATH_MAX];
    home_path(&ctl->home, "secret.key", path);
    return access(path, F_OK) == 0;
}

/* The group of an option, or of the name that stands for it. False when there is none. */
static bool find_group(const struct fxctl *ctl, const char *option, const char *instead, gid_t *ret)
{
    const char *name = fxctl_option(ctl, option);
    const struct group *group = getgrnam(name ? name : instead);
    if (group)
        *ret = group->gr_gid;
    else
        fxctl_refuse("there is no group \"%s\"; make it, and an account that is of it: "
                     "useradd --system --user-group %s",
            name ? name : instead, name ? name : instead);
    return group;
}

/* Gives the parts of the home to those that write, that read, and that run steps. */
static int split(const struct fxctl *ctl)
{
    gid_t readers, steps = (gid_t)-1;
    if (!find_group(ctl, "readers", READERS, &readers) ||
        (fxctl_option(ctl, "steps") && !find_group(ctl, "steps", "", &steps)))
        return EXIT_NO;
    return layout_split(ctl->home.dir, readers, steps) ? EXIT_NO : EXIT_DONE;
}

static int init(struct fxctl *ctl)
{
    char dir[PATH_MAX];
    bool is_split = fxctl_option(ctl, "split");
    if (!is_split && (fxctl_option(ctl, "readers") || fxctl_option(ctl, "steps")))
        return help_usage(ctl, "--readers and --steps go with --split");
    const char *web = fxctl_option(ctl, "web");
    if (fxctl_become_owner(ctl) || home_locate(ctl->home_given, dir) ||
        (web && web_folder_check(dir, web)) || home_create(dir))
        return EXIT_NO; /* it was said: somebody has to mend the path or its permissions */
    int status = fxctl_open_home(ctl);
    bool existed = !status && has_database(ctl);
    if (existed && !has_key(ctl))
        status = refuse_new_key(ctl);
    if (status)
        return status;
    enum err err = keyring_create(&ctl->home);
    if (!err)
        err = store_create(&ctl->home);
    if (err)
        return err == ERR_DENIED || err == ERR_CONFLICT ? EXIT_NO : fxctl_failed(err);
    status = is_split ? split(ctl) : EXIT_DONE;
    if (!status && web)
        status = web_folder_make(ctl, web);
    if (!status)
        tell(ctl, existed);
    if (!status && web && !ctl->json)
        web_folder_tell(ctl);
    return status;
}

static const struct option_rule init_options[] = {
    {"split", NULL, OPTION_FREE, "for accounts that write, that read and that run steps"},
    {"readers", "GROUP", OPTION_FREE, "with --split: who reads the store alone (" READERS ")"},
    {"steps", "GROUP", OPTION_FREE, "with --split: who runs scripts, else the home's account"},
    {"web", "FOLDER", OPTION_FREE, "also what a folder of a shared host's web server needs"},
    {0},
};

const struct command init_commands[] = {
    {
        .name = "init",
        .summary = "make a home, or what is missing of one",
        .details =
            "Prints the path of the home. Running it again is harmless: settings, keys and\n"
            "events stay as they are, and what was cut short is completed. Where secret.key is\n"
            "missing and secrets are sealed with it, no new one is made. The home must be on a\n"
            "local disk.\n"
            "\n"
            "--split gives a home the modes for programs that run under several accounts:\n"
            "docs/accounts.md has which, and what that guards. The account that calls has to be "
            "of\n"
            "the groups that are named.\n"
            "\n"
            "--web is for a host where a folder of web pages is all one has (docs/hosting.md): it\n"
            "makes the folder, with a script for each web program and Apache's .htaccess, and the\n"
            "home the account's alone. Again after another version was unpacked, it leads there.",
        .options = init_options,
        .run = init,
    },
    {0},
};
