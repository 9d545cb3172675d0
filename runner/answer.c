/* answer - see answer.h. */
#include "runner/answer.h"

#include "base/json.h"

static bool is_true(struct span value)
{
    return span_eq_str(value, "true");
}

/* Reads how the script says it went. What it saves and emits is left for later. */
static bool read_verdict(struct span line, struct answer *answer, struct saved *saved)
{
    bool has_ok = false;
    struct json_walk walk = json_walk_start(line);
    for (struct json_item item; json_walk_next(&walk, &item);) {
        if (json_name_is(item.name, "ok")) {
            if (item.type != JSON_BOOL)
                return saved_refuse(saved, "has an ok that is neither true nor false");
            has_ok = true;
            answer->ok = is_true(item.value);
        } else if (json_name_is(item.name, "retry")) {
            if (item.type != JSON_BOOL)
                return saved_refuse(saved, "has a retry that is neither true nor false");
            answer->retry = is_true(item.value);
        } else if (json_name_is(item.name, "error")) {
            if (item.type != JSON_STRING && item.type != JSON_NULL)
                return saved_refuse(saved, "has an error that is no text");
            if (item.type == JSON_STRING)
                json_unescape(item.value, &answer->error);
        } else if (json_name_is(item.name, "save")) {
            if (item.type != JSON_OBJECT)
                return saved_refuse(saved, "has a save that is no object");
        } else if (json_name_is(item.name, "emit")) {
            if (item.type != JSON_ARRAY)
                return saved_refuse(saved, "has an emit that is no array");
        } else {
            return saved_refuse(saved, "has other members than ok, error, retry, save and emit");
        }
    }
    return has_ok || saved_refuse(saved, "lacks ok");
}

/* Adds to the reason why a part of the answer was refused that it is about the answer. */
static bool refuse_part(struct saved *saved)
{
    struct buf why = saved->why;
    saved->why = BUF_INIT;
    buf_printf(&saved->why, "is not acceptable: %s", buf_text(&why));
    buf_done(&why);
    return false;
}

static bool take_emits(struct span array, const struct config *config, struct saved *saved)
{
    struct json_walk walk = json_walk_start(array);
    for (struct json_item item; json_walk_next(&walk, &item);) {
        if (item.type != JSON_OBJECT)
            return saved_refuse(saved, "has an emit with something in it that is no object");
        if (!saved_emit_object(saved, item.value, config))
            return refuse_part(saved);
    }
    return true;
}

bool answer_take(
    struct span line, const struct config *config, struct saved *saved, struct answer *ret_answer)
{
    /* The values that are saved, and the payloads of what is emitted. */
    static const struct json_rules rules = {.foreign = {{2, NULL}, {3, "payload"}}, .count = 2};
    struct json_fault fault;
    struct json_item item;
    *ret_answer = (struct answer){.retry = true};
    if (!json_check_by(line, JSON_DEPTH_DEFAULT, &rules, &fault))
        return saved_refuse(saved, "is not JSON: at byte %zu, %s", fault.offset, fault.what);
    if (json_type_of(line) != JSON_OBJECT)
        return saved_refuse(saved, "is not an object");
    if (!read_verdict(line, ret_answer, saved))
        return false;
    if (json_find(line, "save", &item) && !saved_merge(saved, item.value, config))
        return refuse_part(saved);
    return !json_find(line, "emit", &item) || take_emits(item.value, config, saved);
}
