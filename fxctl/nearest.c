/* nearest - see nearest.h. */
#include "fxctl/nearest.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

#define SLIPS_MAX 3      /* that a word of any length may have */
#define LETTERS_A_SLIP 3 /* a word may have one slip for so many letters */
#define BEGINNING_MIN 3  /* letters from which on a word is taken for the beginning of another */

struct nearest nearest_to(struct span word)
{
    return (struct nearest){.word = word, .count = 0};
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/*
 * The number of slips between two words (edit distance, optimal string alignment), or more than
 * `most`. Only the cells of the table that can hold `most` or less are filled in.
 */
static unsigned count_slips(struct span a, struct span b, unsigned most)
{
    unsigned rows[3][NEAREST_LEN + 1] = {{0}};
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        size_t from = i > most ? i - most : 1, to = i + most < b.len ? i + most : b.len;
        row[from - 1] = from == 1 ? (unsigned)i : most + 1;
        for (size_t j = from; j <= to; j++) {
            uint8_t x = ascii_lower(a.data[i - 1]), y = ascii_lower(b.data[j - 1]);
            unsigned here = above[j - 1] + (x != y);
            here = least(here, row[j - 1] + 1);
            here = least(here, j < i + most ? above[j] + 1 : here);
            if (i > 1 && j > 1 && x == ascii_lower(b.data[j - 2]) &&
                y == ascii_lower(a.data[i - 2]))
                here = least(here, before[j - 2] + 1);
            row[j] = here;
        }
    }
    return rows[a.len % 3][b.len];
}

static bool begins(struct span text, struct span beginning)
{
    if (beginning.len < BEGINNING_MIN || beginning.len > text.len)
        return false;
    for (size_t i = 0; i < beginning.len; i++)
        if (ascii_lower(text.data[i]) != ascii_lower(beginning.data[i]))
            return false;
    return true;
}

/* False where the known word is too far from the unknown one. */
static bool is_near(struct span word, struct span known, unsigned *ret_slips)
{
    unsigned most = least(SLIPS_MAX, (unsigned)((word.len + 1) / LETTERS_A_SLIP));
    if (!word.len || word.len > NEAREST_LEN || !known.len || known.len > NEAREST_LEN)
        return false;
    *ret_slips = 1;
    if (begins(known, word) || begins(word, known))
        return true;
    size_t apart = word.len < known.len ? known.len - word.len : word.len - known.len;
    if (apart > most)
        return false;
    *ret_slips = count_slips(word, known, most);
    return *ret_slips <= most;
}

static bool is_kept(const struct nearest *nearest, struct span say)
{
    for (size_t i = 0; i < nearest->count; i++)
        if (span_eq_str(say, nearest->found[i].text))
            return true;
    return false;
}

/* The fewer slips the better; of as many, what is shorter. */
static bool is_before(struct span say, unsigned slips, const char *other, unsigned other_slips)
{
    return slips < other_slips || (slips == other_slips && say.len < strlen(other));
}

void nearest_offer(struct nearest *nearest, struct span known, struct span say)
{
    unsigned slips;
    if (say.len > NEAREST_LEN || !is_near(nearest->word, known, &slips) || is_kept(nearest, say))
        return;
    size_t at = nearest->count;
    while (at && is_before(say, slips, nearest->found[at - 1].text, nearest->found[at - 1].slips))
        at--;
    if (at == NEAREST_MAX)
        return;
    size_t kept = nearest->count < NEAREST_MAX ? nearest->count : NEAREST_MAX - 1;
    memmove(&nearest->found[at + 1], &nearest->found[at], (kept - at) * sizeof nearest->found[0]);
    snprintf(nearest->found[at].text, sizeof nearest->found[at].text, "%.*s", (int)say.len,
        (const char *)say.data);
    nearest->found[at].slips = slips;
    nearest->count = kept + 1;
}

void nearest_add(const struct nearest *nearest, struct buf *out)
{
    for (size_t i = 0; i < nearest->count; i++) {
        const char *join = !i ? "; did you mean " : i + 1 == nearest->count ? " or " : ", ";
        buf_printf(out, "%s\"%s\"", join, nearest->found[i].text);
    }
    if (nearest->count)
        buf_add_char(out, '?');
}

/* Takes the next word off the list; separators are commas and spaces. False at the end. */
static bool take(struct span *list, struct span *ret_word)
{
    size_t start = 0, end;
    while (start < list->len && strchr(", ", list->data[start]))
        start++;
    for (end = start; end < list->len && !strchr(", ", list->data[end]);)
        end++;
    *ret_word = span_of(list->data + start, end - start);
    *list = span_of(list->data + end, list->len - end);
    return ret_word->len > 0;
}

void nearest_add_listed(struct span words, const char *known, struct buf *out)
{
    for (struct span word; take(&words, &word);) {
        struct nearest nearest = nearest_to(word);
        struct span rest = span_str(known), one;
        bool is_known = false;
        while (take(&rest, &one)) {
            is_known |= span_eq(one, word);
            nearest_offer(&nearest, one, one);
        }
        if (!is_known)
            nearest_add(&nearest, out);
    }
}
