/* dispatcher - see checks.h. Is there one, where one is expected? */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/shell.h"
#include "fxctl/doctor/checks.h"
#include "home/alive.h"

/* Since when cron's dispatcher may have been away: it comes every minute. */
#define AWAY_SECONDS 120

/* When the last dispatcher showed itself. */
static bool was_there_lately(const char *lock)
{
    struct stat st;
    return stat(lock, &st) == 0 && llabs(clock_wall_ms() / 1000 - st.st_mtim.tv_sec) < AWAY_SECONDS;
}

/* As who finds none on demand starts one (home/summon.h). */
static void mend_start(const struct visit *visit, struct finding *finding)
{
    char log[PATH_MAX];
    home_path(&visit->home, "log/dispatcher.log", log);
    mend_with(finding, "fx-dispatcher --on-demand --home", visit->home.dir, NULL);
    buf_add_str(&finding->mend, " >/dev/null 2>>");
    shell_add_word(span_str(log), &finding->mend);
}

static void find_none(struct visit *visit, const char *lock)
{
    mend_start(visit,
        visit_find(visit, WRONG, lock,
            "no dispatcher holds %s, so that nothing is run; have it started by a service manager "
            "or by cron, or start one now",
            lock));
}

static void find_hung(struct visit *visit, const char *lock, pid_t pid)
{
    char number[32];
    snprintf(number, sizeof number, "%ld", (long)pid);
    struct finding *f = visit_find(visit, WRONG, lock,
        "the dispatcher, process %s, holds %s, but has not shown itself lately; it hangs, or was "
        "stopped",
        number, lock);
    mend_with(f, "kill -KILL", number, NULL);
    mend_start(visit, f);
}

void dispatcher_look(struct visit *visit)
{
    char lock[PATH_MAX];
    const struct home *home = &visit->home;
    home_path(home, "run/dispatcher.lock", lock);
    pid_t pid = alive_pid(home);
    if (alive_is(home))
        return;
    if (pid)
        find_hung(visit, lock, pid);
    else if (!home->config.dispatcher_on_demand && !was_there_lately(lock))
        find_none(visit, lock);
}
