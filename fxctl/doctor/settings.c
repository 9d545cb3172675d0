/* settings - see checks.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fxctl/doctor/checks.h"
#include "home/account.h"
#include "home/peers.h"
#include "model/address.h"

/* The line becomes a comment, so that the setting has its default. */
static void mend_line(struct finding *finding, const char *path, int line)
{
    char command[64];
    snprintf(command, sizeof command, "sed -i '%ds/^/# /'", line);
    mend_with(finding, command, path, NULL);
}

/* What is wrong with a setting's text, which programs find out when they use it. */
static void judge_setting(struct visit *visit, const char *path, const char *section,
    const char *key, const struct buf *why)
{
    int line = config_line_of(path, section, key);
    if (why->len)
        mend_line(visit_find(visit, WRONG, path, "%s, line %d: %s of [%s]: %s", path, line, key,
                      section, buf_text(why)),
            path, line);
}

static void judge_networks(
    struct visit *visit, const char *path, const char *section, const char *key, const char *text)
{
    struct networks networks;
    struct buf why = BUF_INIT;
    if (!networks_parse(text, &networks, &why))
        judge_setting(visit, path, section, key, &why);
    networks_done(&networks);
    buf_done(&why);
}

static void judge_peers(struct visit *visit, const char *path)
{
    struct peers peers;
    struct buf why = BUF_INIT;
    if (!peers_parse(visit->home.config.web_peers, &peers, &why))
        judge_setting(visit, path, "web", "peers", &why);
    buf_done(&why);
}

/* Whether the dispatcher can become the account shows where it runs. */
static void judge_step_user(struct visit *visit, const char *path)
{
    struct account account;
    struct buf why = BUF_INIT, mend = BUF_INIT;
    if (!account_judge(&visit->home, &account, &why, &mend)) {
        int line = config_line_of(path, "step", "user");
        struct finding *f = visit_find(
            visit, WRONG, path, "%s, line %d: user of [step]: %s", path, line, buf_text(&why));
        if (mend.len)
            mend_as_root(visit, f, buf_text(&mend), NULL);
        else
            mend_line(f, path, line);
    }
    buf_done(&why);
    buf_done(&mend);
}

static bool can_read(struct visit *visit, const char *path)
{
    if (access(path, R_OK) == 0 || errno == ENOENT)
        return true;
    visit_skip(visit, "fx.conf cannot be read"); /* and owners_look says what mends it */
    return false;
}

void settings_look(struct visit *visit)
{
    char path[PATH_MAX];
    struct buf why = BUF_INIT;
    home_path(&visit->home, "fx.conf", path);
    if (!can_read(visit, path))
        return;
    if (config_read(path, &visit->home.config, &why) == ERR_INVALID) {
        mend_line(visit_find(visit, WRONG, path, "%s, %s", path, buf_text(&why)), path,
            config_wrong_line(path));
        config_defaults(&visit->home.config);
    }
    buf_done(&why);
    judge_networks(visit, path, "web", "proxies", visit->home.config.web_proxies);
    judge_networks(visit, path, "http", "allow", visit->home.config.http_allow);
    judge_peers(visit, path);
    judge_step_user(visit, path);
}
