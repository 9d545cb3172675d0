/*
 * json_fuzz - text that json_check accepts must be walked within its bounds,
 * be readable by json-c, and come out of a merge unharmed. Foreign text must be
 * walked as well, and its strings must survive being unescaped and quoted.
 */
#include "tests/fuzz/fuzz.h"

#include "base/json.h"
#include "base/json_tree.h"

/* Unescaping undoes quoting. */
static void check_string(struct span text)
{
    struct buf plain = BUF_INIT, quoted = BUF_INIT, again = BUF_INIT;
    struct json_fault fault;

    json_unescape(text, &plain);
    json_quote(&quoted, buf_span(&plain));
    require(json_check(buf_span(&quoted), 0, &fault));
    buf_clear(&quoted);
    json_quote_foreign(&quoted, buf_span(&plain));
    require(json_check_by(buf_span(&quoted), 0, &json_foreign, &fault));
    json_unescape(buf_span(&quoted), &again);
    require(span_eq(buf_span(&plain), buf_span(&again)));
    buf_done(&plain);
    buf_done(&quoted);
    buf_done(&again);
}

/* Every item is a value in its own right and lies within the text; an item is never empty. */
static size_t walk_all(struct span text)
{
    struct json_walk walk = json_walk_start(text);
    struct json_fault fault;
    struct json_item item;
    size_t count = 0;

    while (json_walk_next(&walk, &item)) {
        require(item.value.data >= text.data && item.value.len > 0);
        require(item.value.data + item.value.len <= text.data + text.len);
        require(json_check_by(item.value, JSON_DEPTH_DEFAULT, &json_foreign, &fault));
        require(json_type_of(item.value) == item.type);
        if (item.type == JSON_STRING)
            check_string(item.value);
        (void)walk_all(item.value);
        count++;
    }
    return count;
}

static void check_accepted(struct span text)
{
    struct json_fault fault;
    struct json_tree *tree = json_tree_parse(text, JSON_DEPTH_DEFAULT, &fault);
    struct buf out = BUF_INIT;

    require(fault.what == NULL);
    require(json_tree_type(tree) == json_type_of(text));
    require(json_tree_count(tree) == walk_all(text));
    json_tree_print(tree, &out);
    require(json_check(buf_span(&out), JSON_DEPTH_DEFAULT, &fault));
    json_tree_free(tree);

    buf_clear(&out);
    if (json_type_of(text) == JSON_OBJECT) {
        json_merge(text, text, &out);
        require(json_check(buf_span(&out), JSON_DEPTH_DEFAULT, &fault));
        require(walk_all(buf_span(&out)) == walk_all(text));
    }
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    struct json_fault fault = {SIZE_MAX, NULL};

    bool foreign = json_check_by(text, JSON_DEPTH_DEFAULT, &json_foreign, &fault);
    if (foreign)
        (void)walk_all(text);
    if (!json_check(text, JSON_DEPTH_DEFAULT, &fault)) {
        require(fault.what != NULL && fault.offset <= size);
        return 0;
    }
    require(foreign);
    check_accepted(text);
    return 0;
}
