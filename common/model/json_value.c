/* json_value - see json_value.h. */
#include "model/json_value.h"

#include <string.h>

#include "base/ascii.h"
#include "base/json.h"

#define INDEX_MAX 999999999 /* of an element; no text that is accepted has so many */

bool json_value_is_pointer(struct span pointer)
{
    if (pointer.len && pointer.data[0] != '/')
        return false;
    for (size_t i = 0; i < pointer.len; i++) {
        bool last = i + 1 == pointer.len;
        if (pointer.data[i] == '~' &&
            (last || (pointer.data[i + 1] != '0' && pointer.data[i + 1] != '1')))
            return false;
    }
    return true;
}

/* Takes the first token, with its "/", off the pointer and appends it unescaped. */
static void next_token(struct span *pointer, struct buf *out)
{
    size_t i = 1;
    for (; i < pointer->len && pointer->data[i] != '/'; i++) {
        char c = (char)pointer->data[i];
        if (c == '~')
            c = pointer->data[++i] == '1' ? '/' : '~';
        buf_add_char(out, c);
    }
    *pointer = span_of(pointer->data + i, pointer->len - i);
}

/* RFC 6901, section 4: digits without a leading zero. */
static bool read_index(struct span token, size_t *ret_index)
{
    uint64_t index;
    if ((token.len > 1 && token.data[0] == '0') || !ascii_number(token, INDEX_MAX, &index))
        return false;
    *ret_index = index;
    return true;
}

static bool spend(uint64_t *steps, uint64_t cost)
{
    if (!steps)
        return true;
    *steps = *steps > cost ? *steps - cost : 0;
    return *steps > 0;
}

static bool find_element(
    const struct json_index *index, struct span token, uint64_t *steps, size_t *place)
{
    size_t wanted, at = json_index_first(index, *place);
    if (!read_index(token, &wanted))
        return false;
    for (; at && wanted && spend(steps, 1); wanted--)
        at = index->places[at].next;
    *place = at;
    return at && !wanted;
}

/* The last of its name: where a sender repeats one, most readers of JSON go by the last. */
static bool find_member(
    const struct json_index *index, const struct buf *token, uint64_t *steps, size_t *place)
{
    size_t at = json_index_first(index, *place), found = 0;
    for (; at && spend(steps, 1); at = index->places[at].next) {
        struct span name = json_index_name(index, at);
        if (!spend(steps, name.len / JSON_STEP_BYTES))
            break;
        if (json_name_is(name, buf_text(token)))
            found = at;
    }
    *place = found;
    return found && !at;
}

static bool find_child(
    const struct json_index *index, const struct buf *token, uint64_t *steps, size_t *place)
{
    switch (json_type_of(json_index_value(index, *place))) {
    case JSON_OBJECT:
        return find_member(index, token, steps, place);
    case JSON_ARRAY:
        return find_element(index, buf_span(token), steps, place);
    default:
        return false;
    }
}

bool json_value_find(
    const struct json_index *index, struct span pointer, uint64_t *steps, struct span *ret_value)
{
    size_t place = 0;
    struct buf token = BUF_INIT;
    bool found = index->count && json_value_is_pointer(pointer);
    while (found && pointer.len) {
        buf_clear(&token);
        next_token(&pointer, &token);
        found = find_child(index, &token, steps, &place);
    }
    buf_done(&token);
    if (found)
        *ret_value = json_index_value(index, place);
    return found;
}

/*
 * A number as 0.DIGITS times ten to the exponent, its first digit not zero: two
 * numbers are equal when sign, exponent and digits are, however they are written.
 */
struct decimal {
    bool negative;
    int64_t exponent;
    const uint8_t *at, *end; /* the digits left, with the point among them */
};

/* Exponents beyond this are taken for this: such numbers are out of every sensible range. */
#define EXPONENT_MAX 1000000000000

static int64_t read_exponent(const uint8_t *at, const uint8_t *end)
{
    int64_t value = 0;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end && value < EXPONENT_MAX; at++)
        value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

static struct decimal decimal_of(struct span s)
{
    const uint8_t *at = s.data, *end = s.data + s.len, *point = NULL, *stop;
    struct decimal d = {.negative = *at == '-'};
    if (d.negative)
        at++;
    for (stop = at; stop < end && *stop != 'e' && *stop != 'E'; stop++)
        if (*stop == '.')
            point = stop;
    if (!point)
        point = stop;
    while (at < stop && (*at == '0' || *at == '.'))
        at++;
    if (at == stop)
        return (struct decimal){.at = stop, .end = stop}; /* zero, also -0 */
    d.exponent = at < point ? point - at : point - at + 1;
    if (stop < end)
        d.exponent += read_exponent(stop + 1, end);
    d.at = at;
    d.end = stop;
    return d;
}

/* The next digit; zeros follow the last one for ever. */
static uint8_t next_digit(struct decimal *d)
{
    if (d->at < d->end && *d->at == '.')
        d->at++;
    return d->at < d->end ? *d->at++ : '0';
}

static bool numbers_eq(struct span a, struct span b)
{
    struct decimal left = decimal_of(a), right = decimal_of(b);
    if (left.negative != right.negative || left.exponent != right.exponent)
        return false;
    while (left.at < left.end || right.at < right.end)
        if (next_digit(&left) != next_digit(&right))
            return false;
    return true;
}

static bool strings_eq(struct span a, struct span b)
{
    if (span_eq(a, b))
        return true;
    if (!memchr(a.data, '\\', a.len) && !memchr(b.data, '\\', b.len))
        return false;
    struct buf left = BUF_INIT, right = BUF_INIT;
    json_unescape(a, &left);
    json_unescape(b, &right);
    bool equal = span_eq(buf_span(&left), buf_span(&right));
    buf_done(&left);
    buf_done(&right);
    return equal;
}

static bool arrays_eq(struct span a, struct span b, uint64_t *steps)
{
    struct json_walk left = json_walk_start(a), right = json_walk_start(b);
    struct json_item one, other;
    while (json_walk_next(&left, &one))
        if (!json_walk_next(&right, &other) || !json_value_eq(one.value, other.value, steps))
            return false;
    return !json_walk_next(&right, &other);
}

/* The name of a member with its quotes, which stand on either side of it. */
static struct span quoted(struct span name)
{
    return span_of(name.data - 1, name.len + 2);
}

/* The value of an object's last member of this name, which has its quotes. */
static bool find_last(struct span object, struct span name, uint64_t *steps, struct span *ret_value)
{
    struct json_walk walk = json_walk_start(object);
    struct json_item item;
    bool found = false;
    if (!spend(steps, object.len / JSON_STEP_BYTES))
        return false;
    while (json_walk_next(&walk, &item)) {
        if (strings_eq(quoted(item.name), name)) {
            *ret_value = item.value;
            found = true;
        }
    }
    return found;
}

/* Does each name of the one object lead to equal values in both? Of equal names the last counts. */
static bool members_eq(struct span one, struct span other, uint64_t *steps)
{
    struct json_walk walk = json_walk_start(one);
    struct json_item item;
    struct span left, right;
    bool equal = true;
    while (equal && json_walk_next(&walk, &item))
        equal = find_last(one, quoted(item.name), steps, &left) &&
                find_last(other, quoted(item.name), steps, &right) &&
                json_value_eq(left, right, steps);
    return equal;
}

/* Has the one object no name that the other lacks? */
static bool names_are_in(struct span one, struct span other, uint64_t *steps)
{
    struct json_walk walk = json_walk_start(one);
    struct json_item item;
    struct span value;
    bool all = true;
    while (all && json_walk_next(&walk, &item))
        all = find_last(other, quoted(item.name), steps, &value);
    return all;
}

static bool objects_eq(struct span a, struct span b, uint64_t *steps)
{
    return members_eq(a, b, steps) && names_are_in(b, a, steps);
}

bool json_value_eq(struct span a, struct span b, uint64_t *steps)
{
    a = ascii_trim(a, ASCII_JSON_SPACE);
    b = ascii_trim(b, ASCII_JSON_SPACE);
    enum json_type type = json_type_of(a);
    if (type != json_type_of(b) || !spend(steps, 1 + (a.len + b.len) / JSON_STEP_BYTES))
        return false;
    switch (type) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return span_eq(a, b);
    case JSON_NUMBER:
        return numbers_eq(a, b);
    case JSON_STRING:
        return strings_eq(a, b);
    case JSON_ARRAY:
        return arrays_eq(a, b, steps);
    case JSON_OBJECT:
        return objects_eq(a, b, steps);
    }
    return false;
}
