/* confine - see confine.h. */
#include "home/confine.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/securebits.h>

#include "base/forbid.h"
#include "base/landlock.h"
#include "base/log.h"
#include "base/names.h"
#include "home/outside.h"

bool confine_exempts(const struct home *home, const char *script)
{
    return names_have(home->config.step_unconfined, script);
}

bool confine_is_for(const struct home *home, const char *script)
{
    return strcmp(home->config.step_confine, "off") != 0 && !confine_exempts(home, script);
}

bool confine_is_required(const struct home *home)
{
    return strcmp(home->config.step_confine, "require") == 0;
}

void confine_missing(struct buf *out)
{
    if (!forbid_is_possible()) {
        buf_add_str(out, "this kernel has no seccomp");
        return;
    }
    int version = landlock_version();
    if (!version)
        buf_add_str(out, "this kernel has no Landlock, or an old one (Linux 5.19 has enough of it, "
                         "where its parameter lsm= names it)");
    else if (version < LANDLOCK_TRUNCATE)
        buf_add_str(out, "this kernel cannot keep a script from truncating files of the home and "
                         "from signalling other processes (Linux 6.12 can)");
    else if (version < LANDLOCK_SIGNAL)
        buf_add_str(out, "this kernel cannot keep a script from signalling other processes (Linux "
                         "6.12 can)");
}

static bool begun; /* this process has given it up, and all that it starts have */

void confine_begin(const struct home *home)
{
    if (confine_is_left(home) && !confine_forbid())
        log_errno("cannot keep scripts from making user namespaces and from limiting others");
    begun = true;
}

bool confine_is_left(const struct home *home)
{
    return !begun && strcmp(home->config.step_confine, "off") != 0;
}

bool confine_forbid(void)
{
    return !forbid_is_possible() || forbid(FORBID_USER_NAMESPACES | FORBID_LIMITS_OF_OTHERS);
}

bool confine_rules(const struct home *home, const char *work, int *ret_rules)
{
    char scripts[PATH_MAX];
    *ret_rules = -1;
    if (!landlock_version())
        return true;
    home_path(home, "scripts", scripts);
    int rules = landlock_new(true);
    bool good = rules >= 0 && outside_allow(home, rules, LANDLOCK_ALL) &&
                landlock_allow_path(rules, scripts, LANDLOCK_READ | LANDLOCK_RUN) &&
                landlock_allow_path(rules, work, LANDLOCK_ALL);
    if (good) {
        *ret_rules = rules;
        return true;
    }
    log_errno("cannot make the rules that confine a script");
    if (rules >= 0)
        close(rules);
    return false;
}

/*
 * Without SECBIT_NOROOT a process of root has all capabilities again after exec. Who
 * is not root has no right to set it and no need of it.
 */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    (void)prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0);
    return syscall(SYS_capset, &header, none) == 0;
}

bool confine_enter(int rules)
{
    return drop_capabilities() && (rules < 0 || landlock_enter(rules));
}
