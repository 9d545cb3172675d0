/* fxctl - see fxctl.h. */
#include "fxctl/fxctl.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fxctl/text.h"

const char *fxctl_option(const struct fxctl *ctl, const char *name)
{
    int i = command_find_option(ctl->command->options, name, strlen(name));
    assert(i >= 0);
    return ctl->values[i];
}

int fxctl_become_owner(const struct fxctl *ctl)
{
    char dir[PATH_MAX];
    struct stat st;
    if (geteuid() != 0 || !home_is_of_system(ctl->home_given, dir) || stat(dir, &st) < 0 ||
        st.st_uid == 0)
        return EXIT_DONE;
    const struct passwd *owner = getpwuid(st.st_uid);
    if (!owner)
        return fxctl_refuse("%s belongs to %u, which is no account", dir, (unsigned)st.st_uid);
    if (initgroups(owner->pw_name, owner->pw_gid) < 0 || setgid(owner->pw_gid) < 0 ||
        setuid(owner->pw_uid) < 0)
        return fxctl_refuse(
            "cannot become %s, to whom %s belongs: %s", owner->pw_name, dir, strerror(errno));
    return EXIT_DONE;
}

int fxctl_open_home(struct fxctl *ctl)
{
    if (fxctl_become_owner(ctl))
        return EXIT_NO;
    enum err err = home_open(ctl->home_given, &ctl->home);
    return err ? EXIT_NO : EXIT_DONE;
}

int fxctl_opened(enum err err)
{
    /* The store has said what is wrong and what to do. */
    bool lasts = err == ERR_NOTFOUND || err == ERR_DENIED || err == ERR_CONFLICT;
    return !err ? EXIT_DONE : lasts ? EXIT_NO : EXIT_RETRY;
}

int fxctl_open_store(struct fxctl *ctl, enum store_mode mode)
{
    int status = fxctl_opened(store_open(&ctl->home, mode, &ctl->store));
    if (!status && mode == STORE_READ_WRITE) {
        who_find(&ctl->who);
        store_set_actor(ctl->store, &ctl->who.actor);
    }
    return status;
}

int fxctl_open(struct fxctl *ctl, enum store_mode mode)
{
    int status = fxctl_open_home(ctl);
    return status ? status : fxctl_open_store(ctl, mode);
}

void fxctl_say(const char *format, ...)
{
    struct buf line = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    fprintf(stderr, "%s\n", buf_text(&line));
    buf_done(&line);
}

int fxctl_refuse(const char *format, ...)
{
    struct buf text = BUF_INIT, line = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    text_add_line(buf_span(&text), &line); /* it may quote a document */
    fxctl_say("fxctl: %s", buf_text(&line));
    buf_done(&text);
    buf_done(&line);
    return EXIT_NO;
}

int fxctl_failed(enum err err)
{
    static const char *const what_to_do[ERR__MAX] = {
        [ERR_FULL] = "the store has no room for new work; free some disk space, or raise "
                     "map_max_bytes in [store] of fx.conf, and try again",
        [ERR_BUSY] = "the store is busy; try again",
        [ERR_TIMEOUT] = "the store took too long; try again",
        [ERR_CORRUPT] = "a stored record cannot be read; stop the home's programs and look at "
                        "their logs before anything else",
    };
    const char *what = what_to_do[err] ? what_to_do[err] : "the store failed; see above";
    fxctl_say("fxctl: %s (%s)", what, err_name(err));
    return EXIT_RETRY;
}

void fxctl_add_command(
    const struct fxctl *ctl, const char *command, struct span name, struct buf *out)
{
    buf_add_str(out, "fxctl ");
    if (ctl->home_given) {
        buf_add_str(out, "--home ");
        text_add_word(span_str(ctl->home_given), out);
        buf_add_char(out, ' ');
    }
    buf_add_str(out, command);
    buf_add_str(out, span_starts(name, span_str("-")) ? " -- " : " ");
    text_add_word(name, out);
}

void fxctl_print(const struct buf *text)
{
    if (!text->len)
        return;
    fwrite(text->data, 1, text->len, stdout);
    if (text->data[text->len - 1] != '\n')
        fputc('\n', stdout);
}
