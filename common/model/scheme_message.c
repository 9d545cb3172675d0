/* scheme_message - see scheme_message.h. */
#include "model/scheme_message.h"

#include <string.h>

static const char *const names[PART__MAX] = {NULL, "{body}", "{timestamp}", "{id}"};

static enum part_kind kind_at(const char *at)
{
    enum part_kind kind = PART__MAX - 1;
    while (kind > PART_TEXT && strncmp(at, names[kind], strlen(names[kind])) != 0)
        kind--;
    return kind;
}

size_t scheme_message_split(const char *message, struct part ret_parts[PARTS_MAX])
{
    bool seen[PART__MAX] = {false};
    size_t count = 0, len;
    for (const char *at = *message ? message : names[PART_BODY]; *at; at += len) {
        enum part_kind kind = kind_at(at);
        len = kind == PART_TEXT ? strcspn(at, "{}") : strlen(names[kind]);
        if (!len || (kind != PART_TEXT && seen[kind]))
            return 0;
        seen[kind] = true;
        ret_parts[count++] = (struct part){kind, span_of(at, len)};
    }
    return seen[PART_BODY] ? count : 0;
}

bool scheme_message_has(const char *message, enum part_kind kind)
{
    struct part parts[PARTS_MAX];
    size_t count = scheme_message_split(message, parts);
    for (size_t i = 0; i < count; i++)
        if (parts[i].kind == kind)
            return true;
    return false;
}
