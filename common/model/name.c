/* name - see name.h. */
#include "model/name.h"

#include <string.h>

#include "base/ascii.h"
#include "model/limits.h"

/* Classes of characters, which no locale changes. */
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define ALNUM UPPER LOWER DIGIT

#define VARIABLE_NAME_MAX 128

static bool is_in(uint8_t c, const char *set)
{
    return c && strchr(set, c);
}

/* Is the text one character of `first`, then characters of `rest`, `max` in all at most? */
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

bool name_is_variable(struct span s)
{
    return is_made_of(s, UPPER LOWER "_", ALNUM "_", VARIABLE_NAME_MAX) &&
           !span_starts(s, span_str("FX_"));
}

bool name_is_step_secret(struct span s)
{
    return is_made_of(s, ALNUM, ALNUM "._-", STEP_SECRET_NAME_MAX);
}

bool name_is_own_secret(struct span s)
{
    size_t prefix = strlen(OWN_SECRET);
    return s.len == prefix + OWN_SECRET_DIGITS && span_starts(s, span_str(OWN_SECRET)) &&
           is_made_of(span_of(s.data + prefix, OWN_SECRET_DIGITS), DIGIT "abcdef", DIGIT "abcdef",
               OWN_SECRET_DIGITS);
}

uint32_t name_version(struct span s)
{
    uint64_t version;
    bool good = s.len && s.data[0] != '0' && ascii_number(s, UINT32_MAX, &version);
    return good ? (uint32_t)version : 0;
}
