/* place - see checks.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/shell.h"
#include "fxctl/doctor/checks.h"

static void find_none(struct visit *visit, bool is_file)
{
    const char *dir = visit->named;
    struct finding *f = visit_find(
        visit, WRONG, dir, is_file ? "%s is no directory" : "there is no home at %s", dir);
    struct buf aside = BUF_INIT;
    buf_printf(&aside, "%s.aside", dir);
    if (is_file)
        mend_with(f, "mv", dir, buf_text(&aside), NULL);
    mend_with_fxctl(visit, f, "init");
    buf_done(&aside);
}

void place_look(struct visit *visit)
{
    static char named[PATH_MAX];
    struct stat st;
    memcpy(named, visit->home.dir, sizeof named);
    visit->named = named;
    bool is_something = stat(named, &st) == 0;
    visit->is_there = is_something && S_ISDIR(st.st_mode) && realpath(named, visit->home.dir);
    if (!visit->is_there)
        find_none(visit, is_something);
}
