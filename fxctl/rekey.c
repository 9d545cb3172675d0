/* rekey - gives a home another key, and seals all its secrets anew. */
#include <unistd.h>

#include "base/json.h"
#include "fxctl/fxctl.h"
#include "home/keyring.h"
#include "store/credentials.h"
#include "store/seal.h"
#include "store/step_secrets.h"

/* How a home gets another key. After a crash at any point the next run goes on from there. */
struct rekeying {
    const struct home *home;
    uint64_t key;
    size_t lost; /* secrets that no key of the file opens */
};

/*
 * From this mutation on the new key alone seals: what another program has sealed with the old
 * one was committed before, and so is sealed anew here.
 */
static enum err seal_anew(struct store_txn *txn, void *context)
{
    struct rekeying *r = context;
    r->lost = 0;
    enum err err = seal_set_key(txn, r->key);
    if (!err)
        err = credentials_reseal(txn, r->home, r->key, &r->lost);
    if (!err)
        err = step_secrets_reseal(txn, r->home, r->key, &r->lost);
    return err;
}

static void tell(const struct fxctl *ctl, const struct rekeying *r)
{
    struct buf text = BUF_INIT;
    if (ctl->json) {
        struct json_out o = json_out_to(&text);
        json_open(&o, '{');
        json_put_int(&o, "lost", (int64_t)r->lost);
        json_close(&o, '}');
    } else {
        buf_add_str(&text, "The home has another key, and its secrets are sealed with it.\n"
                           "Make a new backup of secret.key: an earlier one opens only earlier "
                           "copies of the database.");
    }
    fxctl_print(&text);
    buf_done(&text);
    if (r->lost)
        fxctl_say("Secrets that no key at hand opens, and that are lost: %zu. Rotate the webhook "
                  "secrets that \"fxctl secret list\" calls unreadable, and set the step secrets "
                  "again.",
            r->lost);
}

/* The old key stays in the file until all is sealed with the new one and on disk. */
static int rekey_held(const struct fxctl *ctl)
{
    struct rekeying r = {.home = &ctl->home};
    enum err err = keyring_add(r.home, &r.key);
    if (!err)
        err = store_write(ctl->store, 0, seal_anew, &r);
    if (!err)
        err = keyring_drop(r.home);
    if (err)
        return err == ERR_DENIED ? EXIT_NO : fxctl_failed(err);
    tell(ctl, &r);
    return EXIT_DONE;
}

static int rekey(struct fxctl *ctl)
{
    int status = fxctl_open(ctl, STORE_READ_WRITE);
    if (status)
        return status;
    if (fxctl_option(ctl, "give-up") && keyring_create(&ctl->home))
        return EXIT_NO;
    int hold = home_hold(&ctl->home);
    status = rekey_held(ctl);
    if (hold >= 0)
        close(hold);
    return status;
}

static const struct option_rule rekey_options[] = {
    {"give-up", NULL, OPTION_FREE,
        "where secret.key is lost: make one, and give up what the lost one has sealed"},
    {0},
};

const struct command rekey_commands[] = {
    {
        .name = "rekey",
        .options = rekey_options,
        .summary = "give the home another secret.key, and seal its secrets with that",
        .details =
            "Programs that run go on: they read the file again when they meet what the new key\n"
            "has sealed. The old key stays in the file until all is sealed anew. What was cut\n"
            "short is completed by running it again. Where secret.key is lost, --give-up makes\n"
            "one nevertheless: what the lost one has sealed has to be rotated or set again.",
        .run = rekey,
    },
    {0},
};
