/* schedule - see schedule.h. */
#include "view/schedule.h"

#include "model/cron.h"
#include "store/pipelines.h"

/* Finds the schedule in a definition, which was checked when it was stored. */
static bool find(struct span definition, struct json_item *ret_schedule)
{
    struct json_item options;
    return json_find(definition, "options", &options) && options.type == JSON_OBJECT &&
           json_find(options.value, "schedule", ret_schedule) && ret_schedule->type == JSON_STRING;
}

static void print(struct span schedule, int64_t after_ms, struct json_out *out)
{
    struct cron cron;
    struct buf why = BUF_INIT;
    int64_t ticks[SCHEDULE_TICKS];
    size_t count = 0;
    if (cron_parse(schedule, &cron, &why))
        count = cron_list_ms(&cron, after_ms, SCHEDULE_TICKS, ticks);
    buf_done(&why);
    json_put_text(out, "schedule", schedule);
    json_key(out, "next_ticks");
    json_open(out, '[');
    for (size_t i = 0; i < count; i++)
        json_time(out, ticks[i]);
    json_close(out, ']');
}

enum err schedule_print(struct store_txn *txn, struct span pipeline_id, uint32_t version,
    int64_t after_ms, size_t *spent, struct json_out *out)
{
    struct span definition;
    struct json_item schedule;
    struct buf text = BUF_INIT;
    int64_t created_ms;
    enum err err = pipelines_version(txn, pipeline_id, version, &version, &created_ms, &definition);
    if (err)
        return err;
    if (spent)
        *spent += definition.len;
    if (find(definition, &schedule)) {
        json_unescape(schedule.value, &text);
        print(buf_span(&text), after_ms, out);
    }
    buf_done(&text);
    return ERR_OK;
}
