/* web_folder - see web_folder.h. */
#include "fxctl/web_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fxctl/text.h"
#include "home/durable.h"
#include "home/installed.h"

#define HTACCESS_BEGIN "# FX Bridge" /* that our .htaccess has, of any version */

extern const char htaccess[]; /* in htaccess.S */

static const char *const programs[] = {
    "events", "status", "pipelines", "triggers", "console", "ops"};

#define PROGRAMS (sizeof programs / sizeof programs[0])

static int refuse_errno(const char *path)
{
    return fxctl_refuse("cannot make %s: %s", path, strerror(errno));
}

/* Where the path is, or where what is not there of it would be made. */
static void find_place(const char *path, char ret_place[PATH_MAX])
{
    char rest[PATH_MAX];
    snprintf(rest, sizeof rest, "%s", path);
    while (!realpath(rest, ret_place)) {
        char *slash = strrchr(rest, '/');
        if (slash)
            slash[slash == rest] = 0; /* the root keeps its slash */
        else
            snprintf(rest, sizeof rest, ".");
    }
}

int web_folder_check(const char *home, const char *folder)
{
    char inner[PATH_MAX], outer[PATH_MAX];
    find_place(home, inner);
    if (!realpath(folder, outer))
        return EXIT_DONE; /* it is not there yet, and so nothing is inside of it */
    size_t len = strlen(outer);
    if (strncmp(inner, outer, len) != 0 || (inner[len] && inner[len] != '/'))
        return EXIT_DONE;
    return fxctl_refuse(
        "the home %s would be in %s, whose files the web server gives to everybody; "
        "name another with --home",
        home, outer);
}

/* False when the name would not fit. */
static bool path_in(const char *folder, const char *name, const char *end, char ret[PATH_MAX])
{
    return snprintf(ret, PATH_MAX, "%s/%s%s", folder, name, end) < PATH_MAX;
}

/* Is there no .htaccess, or one of ours? */
static bool is_ours(const char *path)
{
    char begin[sizeof HTACCESS_BEGIN] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT;
    size_t n = fread(begin, 1, sizeof begin - 1, file);
    fclose(file);
    return n == 0 || strcmp(begin, HTACCESS_BEGIN) == 0;
}

/* The words of a command that runs this program. False when it is nowhere; *words then says so. */
static bool add_command(const struct home *home, const char *name, struct buf *words)
{
    struct installed program;
    if (!installed_find(home, name, &program, words))
        return false;
    text_add_word(span_str(program.path), words);
    if (strcmp(program.path, program.called) != 0)
        buf_printf(words, " %s", name);
    return true;
}

static int write_file(const char *path, mode_t mode, struct span content)
{
    return durable_write(path, mode, content) && chmod(path, mode) == 0 ? EXIT_DONE
                                                                        : refuse_errno(path);
}

static int write_script(const struct home *home, const char *folder, const char *program)
{
    char path[PATH_MAX], name[64];
    struct buf text = BUF_INIT, command = BUF_INIT;
    int status;
    snprintf(name, sizeof name, "%s.fcgi", program);
    if (!path_in(folder, name, "", path)) {
        status = fxctl_refuse("the path of %s is too long", folder);
    } else if (!add_command(home, name, &command)) {
        status = fxctl_refuse("%s", buf_text(&command));
    } else {
        buf_add_str(&text, "#!/bin/sh\n# Made by fxctl init --web.\nFX_HOME=");
        text_add_word(span_str(home->dir), &text);
        buf_printf(&text, "\nexport FX_HOME\nexec %s\n", buf_text(&command));
        status = write_file(path, 0755, buf_span(&text));
    }
    buf_done(&command);
    buf_done(&text);
    return status;
}

int web_folder_make(const struct fxctl *ctl, const char *folder)
{
    char path[PATH_MAX];
    if (!path_in(folder, ".htaccess", "", path))
        return fxctl_refuse("the path of %s is too long", folder);
    if (mkdir(folder, 0755) == 0)
        (void)chmod(folder, 0755); /* whatever the umask says */
    else if (errno != EEXIST)
        return refuse_errno(folder);
    if (!is_ours(path))
        return fxctl_refuse(
            "%s is there already, for something else; name a folder of its own", path);
    int status = EXIT_DONE;
    for (size_t i = 0; !status && i < PROGRAMS; i++)
        status = write_script(&ctl->home, folder, programs[i]);
    if (!status)
        status = write_file(path, 0644, span_str(htaccess));
    if (!status && chmod(ctl->home.dir, 0700) < 0)
        status = refuse_errno(ctl->home.dir);
    return status;
}

void web_folder_tell(const struct fxctl *ctl)
{
    struct buf line = BUF_INIT;
    if (add_command(&ctl->home, "fx-dispatcher", &line)) {
        buf_add_str(&line, " --home ");
        text_add_word(span_str(ctl->home.dir), &line);
        fxctl_say(
            "Pipelines are run by a line of the account's crontab,\n"
            "  * * * * * %s --once --max-seconds 50\n"
            "or, where the host lets programs run on, by on_demand = 1 in [dispatcher] of fx.conf.",
            buf_text(&line));
    }
    buf_done(&line);
}
