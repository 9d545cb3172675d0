/* trigger_test - the stored form of a trigger's generation. */
#include "damage.h"

#include "model/trigger.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct trigger full(void)
{
    return (struct trigger){
        .pipeline_id = span_str("id"),
        .pipeline_name = span_str("name"),
        .topic = span_str("orders/*"),
        .pipeline_version = 0xfffffffe,
        .generation = UINT64_C(0x0102030405060708),
        .queue = 2,
        .from_seq = 3,
        .until_seq = UINT64_MAX,
        .backfill_seq = 5,
        .backfill_end = 6,
        .started_ms = INT64_C(1767323045678),
    };
}

static bool same(const struct trigger *a, const struct trigger *b)
{
    return span_eq(a->pipeline_id, b->pipeline_id) && span_eq(a->pipeline_name, b->pipeline_name) &&
           span_eq(a->topic, b->topic) && a->pipeline_version == b->pipeline_version &&
           a->generation == b->generation && a->queue == b->queue && a->from_seq == b->from_seq &&
           a->until_seq == b->until_seq && a->backfill_seq == b->backfill_seq &&
           a->backfill_end == b->backfill_end && a->started_ms == b->started_ms;
}

static void trigger_returns_as_it_was_stored(void **state)
{
    const struct trigger triggers[] = {full(), {.started_ms = -1}, {.topic = span_str("t")}};
    (void)state;
    for (size_t i = 0; i < COUNT(triggers); i++) {
        struct buf record = BUF_INIT;
        struct trigger back;
        trigger_encode(&triggers[i], &record);
        assert_int_equal(trigger_decode(buf_span(&record), &back), ERR_OK);
        assert_true(same(&back, &triggers[i]));
        buf_done(&record);
    }
}

/* The layout is a contract with every version that has written it (schema/store.md). */
static void trigger_is_stored_in_these_bytes(void **state)
{
    static const uint8_t expected[] =
        "\x01\0\0\0\2id\0\0\0\4name\0\0\0\10orders/*\xff\xff\xff\xfe"
        "\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\xff\xff\xff\xff\xff\xff\xff\xff"
        "\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\6\x00\x00\x01\x9b\x7c\xa9\x8f\x2e";
    struct trigger trigger = full();
    struct buf record = BUF_INIT;
    (void)state;
    trigger_encode(&trigger, &record);
    assert_int_equal(record.len, sizeof expected - 1);
    assert_memory_equal(record.data, expected, record.len);
    buf_done(&record);
}

static enum err decode(struct span record)
{
    struct trigger t;
    enum err err = trigger_decode(record, &t);
    if (!err)
        assert_true(
            damage_touch(t.pipeline_id) + damage_touch(t.pipeline_name) + damage_touch(t.topic) <
            UINT32_MAX);
    return err;
}

static void trigger_notices_a_damaged_record(void **state)
{
    struct trigger trigger = full();
    struct buf record = BUF_INIT;
    (void)state;
    trigger_encode(&trigger, &record);
    damage_is_noticed(buf_span(&record), decode);
    buf_done(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trigger_returns_as_it_was_stored),
        cmocka_unit_test(trigger_is_stored_in_these_bytes),
        cmocka_unit_test(trigger_notices_a_damaged_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
