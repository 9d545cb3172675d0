/*
 * json_names - see json_names.h.
 *
 * A table with linear probing at half load. Names leave in the reverse of the order in
 * which they came, so a slot can simply be cleared: no name that is still in the table was
 * ever placed behind that slot because the slot was taken.
 */
#include "base/json_names.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/json_escape.h"
#include "base/siphash.h"

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static uint64_t hash_key[2];

static void key_make(void)
{
    random_bytes(hash_key, sizeof hash_key);
}

static uint64_t hash_name(uint32_t level, struct span name)
{
    return siphash(hash_key, level, name);
}

void json_names_init(struct json_names *names)
{
    pthread_once(&key_once, key_make);
    names->list = names->first_list;
    names->slots = names->first_slots;
    names->count = 0;
    names->room = JSON_NAMES_INLINE;
    names->scratch = BUF_INIT;
    memset(names->first_slots, 0, sizeof names->first_slots);
}

void json_names_done(struct json_names *names)
{
    if (names->list != names->first_list)
        free(names->list);
    if (names->slots != names->first_slots)
        free(names->slots);
    buf_done(&names->scratch);
}

static bool is_escaped(struct span name)
{
    return name.len && memchr(name.data, '\\', name.len);
}

/* The name without escapes. Valid until the next call. */
static struct span plain_name(struct json_names *names, struct span name)
{
    if (!is_escaped(name))
        return name;
    buf_clear(&names->scratch);
    json_escape_undo(name, &names->scratch);
    return buf_span(&names->scratch);
}

/* Rarely in vain: two names of one hash are almost certainly equal. */
static bool is_same(const struct json_name *entry, struct span plain)
{
    struct buf entry_plain = BUF_INIT;
    if (!is_escaped(entry->name))
        return span_eq(entry->name, plain);
    json_escape_undo(entry->name, &entry_plain);
    bool same = span_eq(buf_span(&entry_plain), plain);
    buf_done(&entry_plain);
    return same;
}

static uint32_t next_slot(const struct json_names *names, uint32_t slot)
{
    return (slot + 1) & (2 * names->room - 1);
}

static uint32_t first_slot(const struct json_names *names, uint64_t hash)
{
    return (uint32_t)hash & (2 * names->room - 1);
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t find_slot(
    const struct json_names *names, uint64_t hash, uint32_t level, struct span plain)
{
    uint32_t slot = first_slot(names, hash);
    for (; names->slots[slot]; slot = next_slot(names, slot)) {
        const struct json_name *entry = &names->list[names->slots[slot] - 1];
        if (entry->hash == hash && entry->level == level && is_same(entry, plain))
            break;
    }
    return slot;
}

/* Doubles the room. Names are placed again in their order, on which json_names_drop relies. */
static void grow(struct json_names *names)
{
    uint32_t room = names->room * 2;
    assert(room <= UINT32_MAX / 4);
    if (names->list == names->first_list) {
        names->list = mem_resize(NULL, room * sizeof names->list[0]);
        memcpy(names->list, names->first_list, sizeof names->first_list);
    } else {
        names->list = mem_resize(names->list, room * sizeof names->list[0]);
        free(names->slots);
    }
    names->slots = mem_alloc(2 * (size_t)room * sizeof names->slots[0]);
    names->room = room;
    for (uint32_t i = 0; i < names->count; i++) {
        uint32_t slot = first_slot(names, names->list[i].hash);
        while (names->slots[slot])
            slot = next_slot(names, slot);
        names->slots[slot] = i + 1;
        names->list[i].slot = slot;
    }
}

bool json_names_add(struct json_names *names, uint32_t level, struct span name)
{
    struct span plain = plain_name(names, name);
    uint64_t hash = hash_name(level, plain);
    if (names->count == names->room)
        grow(names);
    uint32_t slot = find_slot(names, hash, level, plain);
    if (names->slots[slot])
        return false;
    names->list[names->count] = (struct json_name){hash, name, level, slot};
    names->slots[slot] = ++names->count;
    return true;
}

bool json_names_has(struct json_names *names, uint32_t level, struct span name)
{
    struct span plain = plain_name(names, name);
    return names->slots[find_slot(names, hash_name(level, plain), level, plain)] != 0;
}

void json_names_drop(struct json_names *names, uint32_t level)
{
    while (names->count && names->list[names->count - 1].level == level)
        names->slots[names->list[--names->count].slot] = 0;
}
