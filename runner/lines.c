/* lines - see lines.h. */
#include "runner/lines.h"

#include "base/json.h"

bool lines_take(struct span line, const struct config *config, struct saved *saved)
{
    /* The values that are saved, and the payload of what is emitted. */
    static const struct json_rules rules = {.foreign = {{2, NULL}}, .count = 1};
    struct json_fault fault;
    size_t number = ++saved->lines;
    if (!json_check_by(line, JSON_DEPTH_DEFAULT, &rules, &fault))
        return saved_refuse(
            saved, "line %zu is not JSON: at byte %zu, %s", number, fault.offset, fault.what);
    if (json_type_of(line) != JSON_OBJECT)
        return saved_refuse(saved, "line %zu is not an object with save or emit", number);
    struct json_walk walk = json_walk_start(line);
    for (struct json_item item; json_walk_next(&walk, &item);) {
        bool save = json_name_is(item.name, "save"), emit = json_name_is(item.name, "emit");
        if (!save && !emit)
            return saved_refuse(saved, "line %zu: only save and emit are known", number);
        if (item.type != JSON_OBJECT)
            return saved_refuse(
                saved, "line %zu: %s must be an object", number, save ? "save" : "emit");
        if (!(save ? saved_merge : saved_emit_object)(saved, item.value, config))
            return false;
    }
    return true;
}
