/* json_index - see json_index.h. */
#include "base/json_index.h"

#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/json_scan.h"

#define ROOM_FIRST 64 /* places that are allocated at first; the room doubles when full */

/* A container whose end has not been met. */
struct level {
    uint32_t place;
    uint32_t last; /* place of the element or member before; 0: none */
    bool object;
};

struct making {
    struct json_index *index;
    size_t room;
    const uint8_t *at, *end;
    uint32_t name; /* of the member whose value comes next; 0: none */
    size_t depth;
    struct level levels[JSON_DEPTH_MAX];
};

static uint32_t offset(const struct making *m, const uint8_t *at)
{
    return (uint32_t)(at - m->index->text.data);
}

/* Gives a place to the value that begins here, and tells the container and the value before. */
static bool add_place(struct making *m)
{
    struct json_index *index = m->index;
    uint32_t place = (uint32_t)index->count;
    if (index->count == JSON_INDEX_MAX)
        return false;
    if (index->count == m->room) {
        m->room = m->room ? 2 * m->room : ROOM_FIRST;
        index->places = mem_resize(index->places, m->room * sizeof *index->places);
    }
    index->places[index->count++] = (struct json_place){m->name, offset(m, m->at), 0, 0};
    m->name = 0;
    if (m->depth) {
        struct level *level = &m->levels[m->depth - 1];
        if (level->last)
            index->places[level->last].next = place;
        level->last = place;
    }
    return true;
}

static bool open_container(struct making *m)
{
    if (m->depth == JSON_DEPTH_MAX || !add_place(m))
        return false;
    m->levels[m->depth++] = (struct level){(uint32_t)m->index->count - 1, 0, *m->at == '{'};
    m->at++;
    return true;
}

static void close_container(struct making *m)
{
    m->at++;
    if (m->depth)
        m->index->places[m->levels[--m->depth].place].end = offset(m, m->at);
}

/* Takes a string, number or word as a value, or a string as the name of a member. */
static bool take_plain(struct making *m)
{
    bool string = *m->at == '"';
    const uint8_t *behind =
        string ? json_skip_string(m->at, m->end) : json_skip_word(m->at, m->end);
    if (string && m->depth && m->levels[m->depth - 1].object && !m->name) {
        m->name = offset(m, m->at);
    } else {
        if (!add_place(m))
            return false;
        m->index->places[m->index->count - 1].end = offset(m, behind);
    }
    m->at = behind > m->at ? behind : m->at + 1;
    return true;
}

static bool take_next(struct making *m)
{
    switch (*m->at) {
    case '{':
    case '[':
        return open_container(m);
    case '}':
    case ']':
        close_container(m);
        return true;
    case ',':
    case ':':
    case ' ':
    case '\n':
    case '\r':
    case '\t':
        m->at++;
        return true;
    default:
        return take_plain(m);
    }
}

bool json_index_make(struct json_index *index, struct span text)
{
    assert(text.len < UINT32_MAX);
    *index = (struct json_index){.text = text};
    struct making *m = mem_alloc(sizeof *m);
    m->index = index;
    m->at = text.data;
    m->end = text.len ? text.data + text.len : text.data;
    bool good = true;
    while (good && m->at < m->end)
        good = take_next(m);
    free(m);
    return good;
}

void json_index_done(struct json_index *index)
{
    free(index->places);
    *index = (struct json_index){0};
}

size_t json_index_first(const struct json_index *index, size_t place)
{
    size_t first = place + 1;
    return first < index->count && index->places[first].value < index->places[place].end ? first
                                                                                         : 0;
}

struct span json_index_name(const struct json_index *index, size_t place)
{
    const uint8_t *from = index->text.data + index->places[place].name;
    const uint8_t *behind = json_skip_string(from, index->text.data + index->text.len);
    return span_of(from + 1, (size_t)(behind - from) - 2);
}

struct span json_index_value(const struct json_index *index, size_t place)
{
    const struct json_place *p = &index->places[place];
    return span_of(index->text.data + p->value, p->end - p->value);
}
