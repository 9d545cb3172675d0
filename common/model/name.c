/* name - see name.h. */
#include "model/name.h"

#include <string.h>

#include "base/ascii.h"
#include "base/unicode.h"
#include "base/utf8.h"
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

bool name_is_ours(struct span s)
{
    static const char begin[] = NAME_OURS "events.", end[] = ".incoming";
    size_t end_len = sizeof end - 1;
    bool given = span_starts(s, span_str(begin)) && s.len > sizeof begin - 1 + end_len &&
                 memcmp(s.data + s.len - end_len, end, end_len) == 0;
    return span_starts(s, span_str(NAME_OURS)) && !given;
}

bool name_is_pipeline_id(struct span s)
{
    return is_made_of(s, ALNUM, ALNUM "._-", PIPELINE_ID_MAX);
}

/* Takes the first character off the text. False at its end, and before what is no UTF-8. */
static bool take_character(struct span *text, uint32_t *ret_character)
{
    size_t len = text->len ? utf8_length(text->data, text->data + text->len) : 0;
    if (!len)
        return false;
    *ret_character = utf8_code_point(text->data, len);
    *text = span_of(text->data + len, text->len - len);
    return true;
}

bool name_is_pipeline(struct span s)
{
    size_t count = 0;
    uint32_t character;
    bool begins_blank = s.len && s.data[0] == ' ', ends_blank = s.len && s.data[s.len - 1] == ' ';
    while (take_character(&s, &character))
        if (!unicode_shows(character) || ++count > PIPELINE_NAME_MAX)
            return false;
    return count && !s.len && !begins_blank && !ends_blank;
}

bool name_is_same(struct span a, struct span b)
{
    uint32_t one, other;
    while (a.len && b.len)
        if (!take_character(&a, &one) || !take_character(&b, &other) ||
            (one != other && unicode_fold(one) != unicode_fold(other)))
            return false;
    return !a.len && !b.len;
}

void name_fold(struct span name, struct buf *out)
{
    uint8_t bytes[4];
    for (uint32_t character; take_character(&name, &character);)
        buf_add(out, bytes, utf8_encode(unicode_fold(character), bytes));
}

void name_encode(struct span name, struct buf *out)
{
    for (size_t i = 0; i < name.len; i++)
        if (is_in(name.data[i], ALNUM "-._~"))
            buf_add_char(out, (char)name.data[i]);
        else
            buf_printf(out, "%%%02X", name.data[i]);
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
