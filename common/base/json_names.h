#ifndef BASE_JSON_NAMES_H
#define BASE_JSON_NAMES_H
/*
 * json_names - the member names seen so far, to find one that appears twice.
 * Part of base/json.h; not for use outside base/json*.c.
 *
 * Every name belongs to a level (how many containers are open around it), and names of
 * different levels differ. Names are compared after unescaping; they are borrowed as
 * written. Up to JSON_NAMES_INLINE names cost no allocation. The cost is linear in the bytes
 * of the names, whatever a sender chooses: the hash is keyed with a secret of the process.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define JSON_NAMES_INLINE 64

struct json_name {
    uint64_t hash; /* of level and name */
    struct span name;
    uint32_t level;
    uint32_t slot; /* where slots[] points back to this */
};

struct json_names {
    struct json_name *list; /* in the order they were added */
    uint32_t *slots;        /* open addressing: 1 + index into list, 0 when free */
    uint32_t count;
    uint32_t room;      /* of list; slots has twice as many, a power of two */
    struct buf scratch; /* a name unescaped */
    struct json_name first_list[JSON_NAMES_INLINE];
    uint32_t first_slots[2 * JSON_NAMES_INLINE];
};

/* The set lives in the caller's storage and must not be moved. */
void json_names_init(struct json_names *names);
void json_names_done(struct json_names *names);

/* False when the level has that name already. */
bool json_names_add(struct json_names *names, uint32_t level, struct span name);
bool json_names_has(struct json_names *names, uint32_t level, struct span name);

/* Forgets the names of the level, which must be the last ones added. */
void json_names_drop(struct json_names *names, uint32_t level);

#endif
