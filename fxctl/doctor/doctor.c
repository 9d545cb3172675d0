/* doctor - looks at a home and its surroundings, and says what is wrong and what mends it. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "fxctl/doctor/checks.h"
#include "fxctl/text.h"

/* In this order: what stands above is what those below lean on. */
static const struct {
    const char *name;
    visit_check *look;
} checks[] = {
    {"home", place_look},
    {"settings", settings_look},
    {"owners", owners_look},
    {"disk", disk_look},
    {"secrets", secrets_look},
    {"database", database_look},
    {"steps", steps_look},
    {"dispatcher", dispatcher_look},
    {"web server", front_look},
    {"leftovers", leftovers_look},
    {"libraries", libraries_look},
};

#define CHECKS (sizeof checks / sizeof checks[0])

/* Of one check: from which finding on its own stand, and why it did not look. */
struct result {
    size_t first, end;
    const char *skipped;
};

/* Root has every right, and would not see what the home's account lacks. */
static void become(const struct visit *visit, const struct passwd *user)
{
    int rc = user ? initgroups(user->pw_name, user->pw_gid) : setgroups(1, &visit->gid);
    if (rc < 0 || setgid(visit->gid) < 0 || setuid(visit->uid) < 0)
        log_die(EXIT_RETRY, "cannot become the account %u, whose home it is", (unsigned)visit->uid);
}

/* Whose home it is: the directory's owner, unless two of what is in it agree on another one. */
static bool find_owner(const struct visit *visit, struct stat *ret_st)
{
    char path[PATH_MAX];
    struct stat db, run;
    if (!visit->is_there || stat(visit->home.dir, ret_st) < 0)
        return false;
    home_path(&visit->home, "db", path);
    bool both = lstat(path, &db) == 0;
    home_path(&visit->home, "run", path);
    if (both && lstat(path, &run) == 0 && db.st_uid == run.st_uid)
        *ret_st = run;
    return true;
}

/* The account is the caller's; root looks as whoever owns the home. */
static void choose_account(struct visit *visit)
{
    struct stat st;
    visit->by_root = geteuid() == 0;
    visit->uid = geteuid();
    visit->gid = getegid();
    if (visit->by_root && find_owner(visit, &st) && st.st_uid) {
        const struct passwd *user = getpwuid(st.st_uid);
        visit->uid = st.st_uid;
        visit->gid = user ? user->pw_gid : st.st_gid;
        become(visit, user);
    }
    login_of(&visit->home, NULL, &visit->account);
}

static void look(struct visit *visit, size_t i, struct result *ret_result)
{
    visit->check = checks[i].name;
    visit->skipped = NULL;
    ret_result->first = visit->count;
    if (i == 0 || visit->is_there)
        checks[i].look(visit);
    else
        visit_skip(visit, "there is no home");
    ret_result->end = visit->count;
    ret_result->skipped = visit->skipped;
}

static const char *state_of(const struct visit *visit, const struct result *result)
{
    for (size_t i = result->first; i < result->end; i++)
        if (visit->findings[i].gravity == WRONG)
            return "wrong";
    return result->end > result->first ? "noted" : result->skipped ? "skipped" : "well";
}

static void print_finding(
    const struct visit *visit, const struct finding *finding, struct json_out *out)
{
    struct buf line = BUF_INIT;
    mend_print(visit, finding, &line);
    json_open(out, '{');
    json_put_bool(out, "wrong", finding->gravity == WRONG);
    json_put_text(out, "file", buf_span(&finding->file));
    json_put_text(out, "what", buf_span(&finding->what));
    json_put_str(out, "mend", line.len ? buf_text(&line) : NULL);
    json_close(out, '}');
    buf_done(&line);
}

static void print(const struct visit *visit, const struct result *results, struct json_out *out)
{
    json_open(out, '{');
    json_put_str(out, "home", visit->home.dir);
    json_put_str(out, "account", visit->account.name);
    json_put_bool(out, "well", !visit->wrong);
    json_key(out, "checks");
    json_open(out, '[');
    for (size_t i = 0; i < CHECKS; i++) {
        json_open(out, '{');
        json_put_str(out, "check", checks[i].name);
        json_put_str(out, "state", state_of(visit, &results[i]));
        json_put_str(out, "skipped", results[i].skipped);
        json_key(out, "findings");
        json_open(out, '[');
        for (size_t f = results[i].first; f < results[i].end; f++)
            print_finding(visit, &visit->findings[f], out);
        json_close(out, ']');
        json_close(out, '}');
    }
    json_close(out, ']');
    json_close(out, '}');
}

static void write_finding(const struct visit *visit, const struct finding *finding, struct buf *out)
{
    struct buf line = BUF_INIT;
    buf_add_str(out, finding->gravity == WRONG ? "  wrong: " : "  note: ");
    text_add_line(buf_span(&finding->what), out);
    buf_add_char(out, '\n');
    if (!finding->mend.len)
        return;
    mend_print(visit, finding, &line);
    buf_add_str(out, "    ");
    text_add_line(buf_span(&line), out);
    buf_add_char(out, '\n');
    buf_done(&line);
}

static void write_text(const struct visit *visit, const struct result *results, struct buf *out)
{
    for (size_t i = 0; i < CHECKS; i++) {
        const char *state = state_of(visit, &results[i]);
        bool skipped = strcmp(state, "skipped") == 0;
        buf_printf(out, "%-12s%s%s%s\n", checks[i].name, skipped ? "not looked at" : state,
            skipped ? ": " : "", skipped ? results[i].skipped : "");
        for (size_t f = results[i].first; f < results[i].end; f++)
            write_finding(visit, &visit->findings[f], out);
    }
}

static void tell(const struct visit *visit, const struct result *results)
{
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    if (visit->ctl->json)
        print(visit, results, &out);
    else
        write_text(visit, results, &text);
    fxctl_print(&text);
    buf_done(&text);
    if (visit->wrong)
        fxctl_say("Wrong: %zu. Below each stands what mends it; then look again.", visit->wrong);
    else
        fxctl_say("All is well in %s, for the account %s.", visit->home.dir, visit->account.name);
}

static int doctor(struct fxctl *ctl)
{
    struct visit visit = {.ctl = ctl};
    struct result results[CHECKS];
    config_defaults(&visit.home.config);
    if (home_locate(ctl->home_given, visit.home.dir))
        return EXIT_NO;
    for (size_t i = 0; i < CHECKS; i++) {
        look(&visit, i, &results[i]);
        if (i == 0)
            choose_account(&visit);
    }
    tell(&visit, results);
    visit_done(&visit);
    return visit.wrong ? EXIT_NO : EXIT_DONE;
}

static const struct option_rule doctor_options[] = {
    {"url", "URL", OPTION_FREE, "where the web server answers, else public_url of fx.conf"},
    {0},
};

const struct command doctor_commands[] = {
    {
        .name = "doctor",
        .summary = "look for what is wrong with the home, and say what mends it",
        .details =
            "Looks at settings, owners, groups and modes, the disk, the key, the database, "
            "scripts,\n"
            "the dispatcher, what a power cut has left, and asks the web server whether it hands\n"
            "requests on as they came. Each fault is told with the file and the command that "
            "mends\n"
            "it. Nothing is changed. The exit status is 0 when nothing is wrong, and 1 else. Root\n"
            "looks as the account that the home belongs to.",
        .options = doctor_options,
        .run = doctor,
    },
    {0},
};
