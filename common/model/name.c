/* name - see name.h. */
#include "model/name.h"

#include <string.h>

#include "model/limits.h"

/* Classes of characters are ASCII, whatever the locale says. */
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define ALNUM UPPER LOWER DIGIT

#define VARIABLE_NAME_MAX 128

static bool is_in(uint8_t c, const char *set)
{
    return c && strchr(set, c);
}

/* One character of `first`, then characters of `rest`, `max` in all at most. */
static bool is_made_of(struct span s, const char *first, const char *rest, size_t max)
{
    if (s.len < 1 || s.len > max || !is_in(s.data[0], first))
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (!is_in(s.data[i], rest))
            return false;
    return true;
}

bool name_is_topic(struct span s)
{
    return is_made_of(s, ALNUM "._:/-", ALNUM "._:/-", TOPIC_MAX);
}

bool name_is_pipeline_id(struct span s)
{
    return is_made_of(s, ALNUM, ALNUM "._-", PIPELINE_ID_MAX);
}

bool name_is_pipeline(struct span s)
{
    return is_made_of(s, LOWER DIGIT, LOWER DIGIT "_-", PIPELINE_NAME_MAX);
}

bool name_is_step(struct span s)
{
    return is_made_of(s, ALNUM, ALNUM "._-", STEP_NAME_MAX);
}

bool name_is_script(struct span s)
{
    return is_made_of(s, ALNUM "_", ALNUM "._-", SCRIPT_NAME_MAX);
}

/*
 * Variables that make an interpreter or the loader run or load something of the
 * caller's choice: with them a pipeline's definition could carry a command, which
 * architecture.md, section 6, rules out.
 */
static bool is_loaded_gun(struct span s)
{
    static const char *const names[] = {"PATH", "IFS", "ENV", "PS4", "BASH_ENV", "BASHOPTS",
        "SHELLOPTS", "PROMPT_COMMAND", "PERL5OPT", "PERL5DB", "PERL5LIB", "PERLLIB", "PYTHONPATH",
        "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "NODE_OPTIONS", "NODE_PATH", "RUBYOPT",
        "RUBYLIB", "PHPRC", "PHP_INI_SCAN_DIR", "GCONV_PATH", "MALLOC_TRACE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (span_eq_str(s, names[i]))
            return true;
    return span_starts(s, span_str("LD_")) || span_starts(s, span_str("FX_"));
}

bool name_is_variable(struct span s)
{
    return is_made_of(s, UPPER LOWER "_", ALNUM "_", VARIABLE_NAME_MAX) && !is_loaded_gun(s);
}
