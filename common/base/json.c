/*
 * json - the check (RFC 8259), of text of ours and of others.
 *
 * One pass over the bytes, without recursion: a bit for each open container
 * says whether it is an object. Memory is allocated only for documents that
 * have more than JSON_NAMES_INLINE members open at once, or escapes in names.
 */
#include "base/json.h"

#include <string.h>

#include "base/json_names.h"
#include "base/utf8.h"

#define MARK "\xef\xbb\xbf" /* U+FEFF, the byte order mark */

struct check {
    const uint8_t *at; /* the byte to look at next; on failure, the one at fault */
    const uint8_t *end;
    const char *what; /* set on failure */
    uint32_t depth;   /* containers open */
    uint32_t max_depth;
    const struct json_rules *rules;
    uint32_t foreign; /* containers round the foreign value at hand, and one more; 0: it is ours */
    uint64_t objects[JSON_DEPTH_MAX / 64]; /* bit n: the container at depth n + 1 is an object */
    struct json_names names;               /* of the open objects */
};

static bool fail(struct check *c, const char *what)
{
    c->what = what;
    return false;
}

static bool fail_at(struct check *c, const uint8_t *at, const char *what)
{
    c->at = at;
    return fail(c, what);
}

static void skip_space(struct check *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t'))
        c->at++;
}

static bool at_char(const struct check *c, char expected)
{
    return c->at < c->end && *c->at == (uint8_t)expected;
}

static bool at_digit(const struct check *c)
{
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

/* Strings. */

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* The bytes below n, each marked by its highest bit: subtracting n has set that bit. */
static uint64_t bytes_below(uint64_t word, uint8_t n)
{
    return (word - EACH_BYTE(n)) & ~word & EACH_BYTE(0x80);
}

/* Skips characters that stand for themselves, eight at a time while eight are left. */
static const uint8_t *skip_plain(const uint8_t *at, const uint8_t *end)
{
    uint64_t word;
    while ((size_t)(end - at) >= sizeof word) {
        memcpy(&word, at, sizeof word);
        if ((word & EACH_BYTE(0x80)) | bytes_below(word, 0x20) |
            bytes_below(word ^ EACH_BYTE('"'), 1) | bytes_below(word ^ EACH_BYTE('\\'), 1))
            break;
        at += sizeof word;
    }
    while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* The four digits of \u at `at`, or -1. */
static int32_t hex4(const uint8_t *at, const uint8_t *end)
{
    int32_t v = 0;
    if (end - at < 4)
        return -1;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t c = at[i], letter = c | 0x20;
        if (c >= '0' && c <= '9')
            v = v << 4 | (c - '0');
        else if (letter >= 'a' && letter <= 'f')
            v = v << 4 | (letter - 'a' + 10);
        else
            return -1;
    }
    return v;
}

/* Checks what is behind "\u". On failure the fault is at the backslash. */
static bool check_unicode_escape(struct check *c)
{
    const uint8_t *backslash = c->at - 2;
    int32_t unit = hex4(c->at, c->end);
    if (unit < 0)
        return fail_at(c, backslash, "\\u needs four hexadecimal digits");
    c->at += 4;
    if (c->foreign)
        return true;
    if (unit == 0)
        return fail_at(c, backslash, "the character NUL is not accepted");
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    /* A character past U+FFFF is written as a high and a low surrogate, and only so. */
    if (unit < 0xdc00 && c->end - c->at >= 2 && c->at[0] == '\\' && c->at[1] == 'u') {
        int32_t low = hex4(c->at + 2, c->end);
        c->at += 6;
        if (low >= 0xdc00 && low <= 0xdfff)
            return true;
    }
    return fail_at(c, backslash, "a surrogate is not part of a pair");
}

static bool check_escape(struct check *c)
{
    const uint8_t *backslash = c->at++;
    if (c->at == c->end)
        return fail(c, "the string does not end");
    switch (*c->at++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        return check_unicode_escape(c);
    default:
        return fail_at(c, backslash, "there is no such escape");
    }
}

/* Goes from the opening quote to behind the closing one. */
static bool check_string(struct check *c)
{
    c->at++;
    for (;;) {
        c->at = skip_plain(c->at, c->end);
        if (c->at == c->end)
            return fail(c, "the string does not end");
        if (*c->at == '"') {
            c->at++;
            return true;
        }
        if (*c->at == '\\') {
            if (!check_escape(c))
                return false;
        } else if (*c->at < 0x20) {
            return fail(c, "a control character must be escaped");
        } else {
            size_t len = utf8_length(c->at, c->end);
            if (!len)
                return fail(c, "the text is not UTF-8");
            c->at += len;
        }
    }
}

/* Numbers and literals. */

static bool check_digits(struct check *c)
{
    if (!at_digit(c))
        return fail(c, "a digit is expected");
    while (at_digit(c))
        c->at++;
    return true;
}

static bool check_number(struct check *c)
{
    if (at_char(c, '-'))
        c->at++;
    if (at_char(c, '0')) {
        c->at++;
        if (at_digit(c))
            return fail(c, "a number must not begin with a zero");
    } else if (!check_digits(c)) {
        return false;
    }
    if (at_char(c, '.')) {
        c->at++;
        if (!check_digits(c))
            return false;
    }
    if (at_char(c, 'e') || at_char(c, 'E')) {
        c->at++;
        if (at_char(c, '+') || at_char(c, '-'))
            c->at++;
        return check_digits(c);
    }
    return true;
}

static bool check_literal(struct check *c, const char *word)
{
    for (; *word; word++, c->at++)
        if (!at_char(c, *word))
            return fail(c, "a value is expected");
    return true;
}

static bool check_scalar(struct check *c)
{
    switch (*c->at) {
    case '"':
        return check_string(c);
    case 't':
        return check_literal(c, "true");
    case 'f':
        return check_literal(c, "false");
    case 'n':
        return check_literal(c, "null");
    default:
        if (at_char(c, '-') || at_digit(c))
            return check_number(c);
        return fail(c, "a value is expected");
    }
}

/* Whose a value is. */

/* A value begins, in an object one of this name: is it foreign? */
static void value_begin(struct check *c, struct span name)
{
    for (size_t i = 0; !c->foreign && i < c->rules->count; i++) {
        const struct json_foreign *foreign = &c->rules->foreign[i];
        if (foreign->depth == c->depth && (!foreign->member || json_name_is(name, foreign->member)))
            c->foreign = c->depth + 1;
    }
}

static void value_end(struct check *c)
{
    if (c->foreign > c->depth)
        c->foreign = 0;
}

/* Arrays and objects. */

static bool in_object(const struct check *c)
{
    uint32_t n = c->depth - 1;
    return c->objects[n / 64] >> (n % 64) & 1;
}

static bool container_open(struct check *c, bool object)
{
    uint32_t n = c->depth;
    uint64_t bit = UINT64_C(1) << (n % 64);
    if (n >= c->max_depth)
        return fail(c, "arrays and objects are nested too deeply");
    if (object)
        c->objects[n / 64] |= bit;
    else
        c->objects[n / 64] &= ~bit;
    c->depth++;
    c->at++;
    skip_space(c);
    return true;
}

static void container_close(struct check *c)
{
    if (in_object(c))
        json_names_drop(&c->names, c->depth);
    c->depth--;
    c->at++;
}

/* Checks a member's name and the colon. */
static bool check_name(struct check *c)
{
    skip_space(c);
    const uint8_t *quote = c->at;
    if (!at_char(c, '"'))
        return fail(c, "a member name in double quotes is expected");
    if (!check_string(c))
        return false;
    struct span name = span_of(quote + 1, (size_t)(c->at - quote - 2));
    if (!c->foreign && !json_names_add(&c->names, c->depth, name))
        return fail_at(c, quote, "the member name appears twice");
    skip_space(c);
    if (!at_char(c, ':'))
        return fail(c, "a colon is expected after a member name");
    c->at++;
    value_begin(c, name);
    return true;
}

/* Checks a scalar or an empty container, and opens the containers before it. */
static bool check_value(struct check *c)
{
    for (;;) {
        skip_space(c);
        if (c->at == c->end)
            return fail(c, "a value is expected");
        if (*c->at == '{') {
            if (!container_open(c, true))
                return false;
            if (at_char(c, '}'))
                break;
            if (!check_name(c))
                return false;
        } else if (*c->at == '[') {
            if (!container_open(c, false))
                return false;
            if (at_char(c, ']'))
                break;
        } else {
            return check_scalar(c);
        }
    }
    container_close(c);
    return true;
}

/* Closes the containers that end behind a value; takes the comma, and a name, before the next. */
static bool check_after_value(struct check *c)
{
    while (c->depth > 0) {
        bool object = in_object(c);
        value_end(c);
        skip_space(c);
        if (at_char(c, ',')) {
            c->at++;
            return !object || check_name(c);
        }
        if (!at_char(c, object ? '}' : ']'))
            return fail(c, object ? "a comma or } is expected" : "a comma or ] is expected");
        container_close(c);
    }
    return true;
}

static bool check_text(struct check *c)
{
    if (c->end - c->at >= 3 && memcmp(c->at, MARK, 3) == 0)
        return fail(c, "a byte order mark is not accepted");
    value_begin(c, SPAN_NONE);
    do {
        if (!check_value(c) || !check_after_value(c))
            return false;
    } while (c->depth > 0);
    skip_space(c);
    if (c->at < c->end)
        return fail(c, "there is more after the value");
    return true;
}

const struct json_rules json_foreign = {.foreign = {{0, NULL}}, .count = 1};

struct span json_behind_mark(struct span text)
{
    bool marked = text.len >= 3 && memcmp(text.data, MARK, 3) == 0;
    return marked ? span_of(text.data + 3, text.len - 3) : text;
}

bool json_check(struct span text, unsigned max_depth, struct json_fault *ret_fault)
{
    static const struct json_rules ours = {.count = 0};
    return json_check_by(text, max_depth, &ours, ret_fault);
}

bool json_check_by(struct span text, unsigned max_depth, const struct json_rules *rules,
    struct json_fault *ret_fault)
{
    static const uint8_t nothing[1];
    const uint8_t *start = text.len ? text.data : nothing;
    struct check c;
    /* The fields are set one by one: clearing the whole would cost more than a small document. */
    c.at = start;
    c.end = start + text.len;
    c.what = NULL;
    c.depth = 0;
    c.max_depth = max_depth < JSON_DEPTH_MAX ? max_depth : JSON_DEPTH_MAX;
    c.rules = rules;
    c.foreign = 0;
    memset(c.objects, 0, sizeof c.objects);
    json_names_init(&c.names);
    bool ok = check_text(&c);
    if (!ok)
        *ret_fault = (struct json_fault){(size_t)(c.at - start), c.what};
    json_names_done(&c.names);
    return ok;
}
