/* considered - see considered.h. */
#include "view/considered.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "model/name.h"
#include "store/pipelines.h"
#include "store/triggers.h"

struct reading {
    struct store_txn *txn;
    struct considered_list *list;
    size_t room, idle;
    enum err err;
};

static void add(struct reading *reading, const struct considered *item)
{
    struct considered_list *list = reading->list;
    if (list->count == reading->room) {
        reading->room = reading->room ? 2 * reading->room : 64;
        list->items = mem_resize(list->items, reading->room * sizeof *list->items);
    }
    list->items[list->count++] = *item;
}

static bool add_trigger(const struct trigger *trigger, void *context)
{
    add(context, &(struct considered){.trigger = *trigger});
    return true;
}

static bool add_past(const struct trigger *trigger, void *context)
{
    add(context, &(struct considered){.trigger = *trigger, .past = true});
    return true;
}

/* What the definition listens to; empty: nothing. */
static struct span find_topic(struct span definition, struct arena *arena)
{
    struct json_item options, event;
    bool has = json_find(definition, "options", &options) && options.type == JSON_OBJECT &&
               json_find(options.value, "event", &event) && event.type == JSON_STRING;
    return has ? json_unescaped(event.value, arena) : SPAN_NONE;
}

/* Adds a pipeline that would listen to something, and has no started trigger. */
static bool add_idle(const struct pipeline_info *info, void *context)
{
    struct reading *reading = context;
    struct considered item = {.idle = true};
    struct span definition;
    int64_t created_ms;
    reading->err = triggers_get(reading->txn, info->id, &item.trigger);
    if (reading->err != ERR_NOTFOUND)
        return !reading->err;
    item.trigger = (struct trigger){.pipeline_id = info->id, .pipeline_name = info->name};
    item.trigger.generation = UINT64_MAX;
    reading->err = pipelines_version(
        reading->txn, info->id, 0, &item.trigger.pipeline_version, &created_ms, &definition);
    if (reading->err)
        return false;
    item.trigger.topic = find_topic(definition, &reading->list->arena);
    if (!item.trigger.topic.len)
        return true;
    add(reading, &item);
    return ++reading->idle < CONSIDERED_IDLE_MAX;
}

static bool same_pipeline(const struct considered *a, const struct considered *b)
{
    return span_eq(a->trigger.pipeline_id, b->trigger.pipeline_id);
}

static int compare(const void *left, const void *right)
{
    const struct trigger *a = &((const struct considered *)left)->trigger;
    const struct trigger *b = &((const struct considered *)right)->trigger;
    struct span x = a->pipeline_id, y = b->pipeline_id;
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    if (order || x.len != y.len)
        return order ? order : x.len < y.len ? -1 : 1;
    return a->generation < b->generation ? -1 : a->generation > b->generation;
}

enum err considered_read(struct store_txn *txn, struct considered_list *list)
{
    struct reading reading = {.txn = txn, .list = list};
    *list = (struct considered_list){.count = 0};
    enum err err = triggers_each(txn, SPAN_NONE, add_trigger, &reading);
    if (!err)
        err = triggers_each_past(txn, add_past, &reading);
    if (!err)
        err = pipelines_list(txn, SPAN_NONE, add_idle, &reading);
    if (!err && reading.err != ERR_NOTFOUND)
        err = reading.err;
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, compare);
    for (size_t i = 0; i < list->count; i++)
        list->pipelines += !list->items[i].idle &&
                           (i == 0 || !same_pipeline(&list->items[i], &list->items[i - 1]));
    return err;
}

void considered_done(struct considered_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        pipeline_free(list->items[i].pipeline);
    free(list->items);
    arena_done(&list->arena);
}

static bool is_live(const struct considered *item)
{
    return !item->idle && !item->trigger.until_seq;
}

static bool listens(const struct considered *item, const struct event *event)
{
    return topic_matches(item->trigger.topic, event_topic(event));
}

/* What a pipeline has among the items; NULL where it has none of a kind. */
struct generations {
    const struct considered *at_its_time, *live, *newest;
};

static struct generations find_generations(
    const struct considered_list *list, size_t i, uint64_t seq)
{
    struct generations found = {NULL};
    size_t k = i;
    while (k > 0 && same_pipeline(&list->items[k - 1], &list->items[i]))
        k--;
    for (; k < list->count && same_pipeline(&list->items[k], &list->items[i]); k++) {
        const struct considered *item = &list->items[k];
        if (item->idle)
            continue;
        found.newest = item;
        if (is_live(item))
            found.live = item;
        if (trigger_covers(&item->trigger, seq))
            found.at_its_time = item;
    }
    return found;
}

/* Past generations of a stopped pipeline are told of where their topic is the event's alone. */
static bool matters(const struct considered *item, const struct event *event)
{
    return !item->past || listens(item, event);
}

bool considered_tells(const struct considered_list *list, size_t i, const struct event *event)
{
    const struct considered *item = &list->items[i];
    struct generations found = find_generations(list, i, event->seq);
    const struct considered *then = found.at_its_time, *last = then ? then : found.newest;
    if (found.live)
        return item == then ||
               (item == found.live && (!then || then->trigger.queue != item->trigger.queue));
    if (last && matters(last, event))
        return item == last;
    return item->idle && event->origin != EVENT_RUN && listens(item, event);
}
