/* visit - see visit.h. */
#include "fxctl/doctor/visit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/shell.h"

struct finding *visit_find(
    struct visit *visit, enum gravity gravity, const char *file, const char *format, ...)
{
    va_list args;
    visit->findings = mem_resize(visit->findings, (visit->count + 1) * sizeof *visit->findings);
    struct finding *finding = &visit->findings[visit->count++];
    *finding = (struct finding){.check = visit->check, .gravity = gravity};
    buf_add_str(&finding->file, file);
    va_start(args, format);
    buf_vprintf(&finding->what, format, args);
    va_end(args);
    visit->wrong += gravity == WRONG;
    return finding;
}

void visit_skip(struct visit *visit, const char *why)
{
    visit->skipped = why;
}

static void go_on(struct finding *finding)
{
    if (finding->mend.len)
        buf_add_str(&finding->mend, " && ");
}

static void add_command(
    struct finding *finding, const char *before, const char *command, va_list words)
{
    go_on(finding);
    buf_printf(&finding->mend, "%s%s", before, command);
    for (const char *word; (word = va_arg(words, const char *));) {
        buf_add_char(&finding->mend, ' ');
        shell_add_word(span_str(word), &finding->mend);
    }
}

void mend_with(struct finding *finding, const char *command, ...)
{
    va_list words;
    va_start(words, command);
    add_command(finding, "", command, words);
    va_end(words);
}

void mend_as_root(const struct visit *visit, struct finding *finding, const char *command, ...)
{
    va_list words;
    va_start(words, command);
    add_command(finding, visit->by_root ? "" : "sudo ", command, words);
    va_end(words);
    finding->is_verbatim = true;
}

void mend_with_fxctl(const struct visit *visit, struct finding *finding, const char *command)
{
    mend_with(finding, "fxctl --home", visit->home.dir, NULL);
    buf_printf(&finding->mend, " %s", command);
}

void mend_setting(const struct visit *visit, struct finding *finding, const char *section,
    const char *key, const char *value)
{
    char path[PATH_MAX];
    home_path(&visit->home, "fx.conf", path);
    go_on(finding);
    buf_printf(&finding->mend, "printf '\\n[%s]\\n%s = %s\\n' >>", section, key, value);
    shell_add_word(span_str(path), &finding->mend);
}

void mend_owner(const struct visit *visit, struct finding *finding, const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_nlink == 1)))
        mend_as_root(visit, finding, "chown -h", visit->account.name, path, NULL);
}

void mend_print(const struct visit *visit, const struct finding *finding, struct buf *out)
{
    struct span line = buf_span(&finding->mend);
    if (!line.len || finding->is_verbatim || !visit->by_root || visit->uid == 0) {
        buf_add_span(out, line);
        return;
    }
    buf_add_str(out, "runuser -u ");
    shell_add_word(span_str(visit->account.name), out);
    buf_add_str(out, " -- sh -c ");
    shell_add_word(line, out);
}

void visit_done(struct visit *visit)
{
    for (size_t i = 0; i < visit->count; i++) {
        buf_done(&visit->findings[i].file);
        buf_done(&visit->findings[i].what);
        buf_done(&visit->findings[i].mend);
    }
    free(visit->findings);
}
