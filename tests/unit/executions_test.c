/* executions_test - executions with their indexes, the data and logs beside them, and lists of
 * them. */
#include "store_each.h"

#include "model/limits.h"
#include "store/executions.h"
#include "store/queue.h"
#include "view/execution.h"

#define EPOCH INT64_C(1767323045000)

/* Number n was created n milliseconds after the epoch. */
static struct uuid id(unsigned n)
{
    return uuid_make(EPOCH + n, 0, n);
}

static unsigned number(const struct uuid *found)
{
    uint64_t random = 0;
    for (size_t i = 8; i < 16; i++)
        random = random << 8 | found->bytes[i];
    return (unsigned)(random & 0xffffffff);
}

static struct execution make(unsigned n, const char *pipeline, enum status status)
{
    return (struct execution){
        .id = id(n),
        .cid = uuid_make(EPOCH, 0, 7),
        .event_seq = n,
        .status = status,
        .pipeline_version = 1,
        .created_ms = EPOCH + n,
        .duration_us = -1,
        .pipeline_id = span_str(pipeline),
        .pipeline_name = span_str("service"),
        .event_type = span_str("type"),
    };
}

static void create(struct store_txn *txn, const struct execution *execution)
{
    assert_int_equal(executions_create(txn, execution), ERR_OK);
}

struct found {
    unsigned numbers[64];
    size_t n;
    size_t stop_at; /* 0: never */
};

static bool note(const struct uuid *execution, void *context)
{
    struct found *found = context;
    assert_true(found->n < COUNT(found->numbers));
    found->numbers[found->n++] = number(execution);
    return found->n != found->stop_at;
}

static void check_found(const struct found *found, const unsigned *expected, size_t n)
{
    assert_int_equal(found->n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(found->numbers[i], expected[i]);
}

static void execution_is_found_again(void **state)
{
    static const struct step_result steps[] = {{{(const uint8_t *)"a", 1}, STATUS_FAILED, 5, 6, 7}};
    struct execution execution = make(1, "p", STATUS_FAILED), back;
    struct step_result room[STEPS_MAX];
    struct buf copy = BUF_INIT;
    (void)state;
    execution.steps = steps;
    execution.step_count = 1;
    execution.error = span_str("why");
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(executions_get(txn, &execution.id, &back, room), ERR_NOTFOUND);
    assert_int_equal(executions_load(txn, &execution.id, &copy, &back, room), ERR_NOTFOUND);
    create(txn, &execution);
    txn = temp_store_next(&t);
    assert_int_equal(executions_get(txn, &execution.id, &back, room), ERR_OK);
    assert_true(uuid_eq(&back.id, &execution.id));
    assert_int_equal(back.status, STATUS_FAILED);
    assert_true(span_eq_str(back.error, "why"));
    assert_int_equal(back.step_count, 1);
    assert_int_equal(back.steps[0].exit_code, 7);

    /* A copy outlives the transaction, and what was in the buffer before goes. */
    buf_add_str(&copy, "before");
    assert_int_equal(executions_load(txn, &execution.id, &copy, &back, room), ERR_OK);
    temp_store_commit(&t);
    store_rest(t.store);
    assert_true(span_eq_str(back.pipeline_id, "p"));
    assert_true(span_eq_str(back.error, "why"));
    assert_int_equal(back.step_count, 1);
    assert_true(span_eq_str(back.steps[0].name, "a"));
    buf_done(&copy);
}

static void one_that_starts_is_its_events(void **state)
{
    const struct event event = {.cid = uuid_make(1, 2, 3),
        .parent = uuid_make(4, 5, 6),
        .seq = 7,
        .type = span_str("ordered")};
    struct execution execution = {.queue = 8,
        .pipeline_version = 2,
        .created_ms = EPOCH,
        .pipeline_id = span_str("p"),
        .pipeline_name = span_str("name")};
    struct execution back;
    struct uuid first;
    uint64_t seq;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(executions_start(txn, &event, &execution), ERR_OK);
    assert_int_equal(queue_first(txn, 8, &seq, &first), ERR_OK);
    assert_true(uuid_eq(&first, &execution.id));
    assert_int_equal(seq, 7);
    assert_int_equal(executions_get(txn, &first, &back, NULL), ERR_OK);
    assert_true(uuid_eq(&back.cid, &event.cid));
    assert_true(uuid_eq(&back.parent, &event.parent));
    assert_true(span_eq_str(back.event_type, "ordered"));
    assert_true(span_eq_str(back.pipeline_name, "name"));
    assert_int_equal(back.status, STATUS_PENDING);
    assert_int_equal(back.attempt, 0);
    assert_int_equal(back.duration_us, -1);
    assert_int_equal(back.event_seq, 7);
    assert_int_equal(back.created_ms, EPOCH);
}

static void indexes_follow_the_status(void **state)
{
    static const enum status way[] = {STATUS_IN_PROGRESS, STATUS_IN_PROGRESS, STATUS_PENDING,
        STATUS_IN_PROGRESS, STATUS_FAILED, STATUS_PENDING, STATUS_SKIPPED};
    struct execution execution = make(3, "p", STATUS_PENDING), other = make(4, "p", STATUS_PENDING);
    enum status was = STATUS_PENDING;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, &execution);
    create(txn, &other);
    for (size_t i = 0; i <= COUNT(way); i++) {
        for (enum status status = 0; status < STATUS__MAX; status++) {
            struct found found = {.n = 0};
            const unsigned both[] = {3, 4};
            bool mine = status == was, others = status == STATUS_PENDING;
            assert_int_equal(executions_in_status(txn, status, note, &found), ERR_OK);
            check_found(&found, mine ? both : both + 1, (size_t)mine + others);
        }
        assert_int_equal(temp_store_count(txn, TABLE_EXECUTIONS_BY_STATUS), 2);
        assert_int_equal(temp_store_count(txn, TABLE_EXECUTIONS_BY_CID), 2);
        assert_int_equal(temp_store_count(txn, TABLE_EXECUTIONS_BY_PIPELINE), 2);
        assert_int_equal(temp_store_count(txn, TABLE_EXECUTIONS), 2);
        if (i == COUNT(way))
            break;
        execution.status = way[i];
        execution.attempt++;
        assert_int_equal(executions_change(txn, &execution, was), ERR_OK);
        was = way[i];
        struct execution back;
        txn = temp_store_next(&t);
        assert_int_equal(executions_get(txn, &execution.id, &back, NULL), ERR_OK);
        assert_int_equal(back.status, way[i]);
        assert_int_equal(back.attempt, i + 1);
    }
}

/* A change from a status it does not have would leave an entry behind for ever. */
static void change_from_a_wrong_status_fails(void **state)
{
    struct execution execution = make(1, "p", STATUS_PENDING);
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, &execution);
    execution.status = STATUS_COMPLETED;
    assert_int_equal(executions_change(txn, &execution, STATUS_IN_PROGRESS), ERR_NOTFOUND);
}

static void executions_of_a_cid_come_in_order(void **state)
{
    static const unsigned of_first[] = {1, 3, 5}, of_second[] = {2, 4}, two[] = {1, 3};
    struct uuid first = uuid_make(EPOCH, 0, 1), second = uuid_make(EPOCH, 0, 2);
    struct uuid third = uuid_make(EPOCH, 0, 3);
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (unsigned n = 5; n >= 1; n--) { /* whatever the order they are stored in */
        struct execution execution = make(n, "p", STATUS_PENDING);
        execution.cid = n % 2 ? first : second;
        create(txn, &execution);
    }
    struct found found = {.n = 0};
    assert_int_equal(executions_of_cid(txn, &first, &UUID_NONE, note, &found), ERR_OK);
    check_found(&found, of_first, 3);
    found = (struct found){.n = 0};
    assert_int_equal(executions_of_cid(txn, &second, &UUID_NONE, note, &found), ERR_OK);
    check_found(&found, of_second, 2);
    found = (struct found){.n = 0};
    assert_int_equal(executions_of_cid(txn, &third, &UUID_NONE, note, &found), ERR_OK);
    assert_int_equal(found.n, 0);
    found = (struct found){.stop_at = 2};
    assert_int_equal(executions_of_cid(txn, &first, &UUID_NONE, note, &found), ERR_OK);
    check_found(&found, two, 2);
}

static void data_and_logs_are_replaced_and_taken_away(void **state)
{
    struct uuid one = id(1), two = id(2);
    struct span value;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(executions_data(txn, &one, &value), ERR_OK);
    assert_int_equal(value.len, 0);
    assert_int_equal(executions_log(txn, &one, 0, &value), ERR_OK);
    assert_int_equal(value.len, 0);
    assert_int_equal(executions_set_data(txn, &one, SPAN_NONE), ERR_OK); /* nothing to take away */
    assert_int_equal(executions_set_log(txn, &one, 9, SPAN_NONE), ERR_OK);

    assert_int_equal(executions_set_data(txn, &one, span_str("{\"a\":1}")), ERR_OK);
    assert_int_equal(executions_set_log(txn, &one, 0, span_str("first")), ERR_OK);
    assert_int_equal(executions_set_log(txn, &one, 256, span_of("a\0b", 3)), ERR_OK);
    assert_int_equal(executions_set_log(txn, &two, 0, span_str("other")), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(executions_data(txn, &one, &value), ERR_OK);
    assert_true(span_eq_str(value, "{\"a\":1}"));
    assert_int_equal(executions_data(txn, &two, &value), ERR_OK);
    assert_int_equal(value.len, 0);
    assert_int_equal(executions_log(txn, &one, 256, &value), ERR_OK);
    assert_true(span_eq(value, span_of("a\0b", 3)));
    assert_int_equal(executions_log(txn, &one, 1, &value), ERR_OK);
    assert_int_equal(value.len, 0);

    assert_int_equal(executions_set_data(txn, &one, SPAN_NONE), ERR_OK);
    assert_int_equal(executions_set_log(txn, &one, 0, span_str("again")), ERR_OK);
    assert_int_equal(executions_set_log(txn, &one, 256, SPAN_NONE), ERR_OK);
    assert_int_equal(executions_data(txn, &one, &value), ERR_OK);
    assert_int_equal(value.len, 0);
    assert_int_equal(executions_log(txn, &one, 0, &value), ERR_OK);
    assert_true(span_eq_str(value, "again"));
    assert_int_equal(temp_store_count(txn, TABLE_DATA), 0);
    assert_int_equal(temp_store_count(txn, TABLE_LOGS), 2);
}

static void result_is_printed_with_data_and_logs(void **state)
{
    static const struct step_result steps[] = {
        {{(const uint8_t *)"a", 1}, STATUS_COMPLETED, EPOCH, 1000, 0},
        {{(const uint8_t *)"b", 1}, STATUS_FAILED, EPOCH, 2000, 3},
    };
    struct execution execution = make(1, "p", STATUS_FAILED);
    struct uuid unknown = id(2);
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    (void)state;
    execution.steps = steps;
    execution.step_count = 2;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, &execution);
    assert_int_equal(executions_set_data(txn, &execution.id, span_str("{\"k\":[1]}")), ERR_OK);
    assert_int_equal(executions_set_log(txn, &execution.id, 1, span_str("boom\n")), ERR_OK);
    assert_int_equal(execution_print(txn, NULL, &unknown, 1000, &out), ERR_NOTFOUND);
    assert_int_equal(text.len, 0);
    assert_int_equal(execution_print(txn, NULL, &execution.id, 1000, &out), ERR_OK);
    assert_non_null(strstr(buf_text(&text), "\"data\":{\"k\":[1]},"));
    assert_non_null(strstr(buf_text(&text),
        "\"steps\":[{\"name\":\"a\",\"status\":\"completed\",\"started\":\"2026-01-02T03:04:05."
        "000Z\","
        "\"seconds\":0.001,\"exit_code\":0,\"log\":\"\"},{\"name\":\"b\",\"status\":\"failed\","
        "\"started\":\"2026-01-02T03:04:05.000Z\",\"seconds\":0.002,\"exit_code\":3,"
        "\"log\":\"boom\\n\"}],\"attempts\":[]}"));
    buf_done(&text);
}

/* What a list finds, among these. */
static const struct {
    unsigned n;
    const char *pipeline, *service, *type;
    enum status status;
} rows[] = {
    {1, "p", "s", "x", STATUS_PENDING},
    {2, "p", "s", "y", STATUS_COMPLETED},
    {3, "q", "s", "x", STATUS_COMPLETED},
    {4, "p", "s2", "x", STATUS_FAILED},
    {5, "pp", "s", "x", STATUS_PENDING},
    {6, "p", "s", "x", STATUS_COMPLETED},
    {7, "q", "s2", "y", STATUS_PENDING},
};

static const struct {
    const char *pipeline, *service, *type;
    int status;            /* -1: any */
    unsigned since, until; /* 0: any */
    unsigned found[8];     /* newest first, ended by 0 */
} list_cases[] = {
    {NULL, NULL, NULL, -1, 0, 0, {7, 6, 5, 4, 3, 2, 1}},
    {"p", NULL, NULL, -1, 0, 0, {6, 4, 2, 1}},
    {"pp", NULL, NULL, -1, 0, 0, {5}},
    {"q", NULL, NULL, -1, 0, 0, {7, 3}},
    {"none", NULL, NULL, -1, 0, 0, {0}},
    {NULL, NULL, NULL, STATUS_COMPLETED, 0, 0, {6, 3, 2}},
    {NULL, NULL, NULL, STATUS_PENDING, 0, 0, {7, 5, 1}},
    {NULL, NULL, NULL, STATUS_SKIPPED, 0, 0, {0}},
    {"p", NULL, NULL, STATUS_COMPLETED, 0, 0, {6, 2}},
    {"q", NULL, NULL, STATUS_FAILED, 0, 0, {0}},
    {NULL, "s2", NULL, -1, 0, 0, {7, 4}},
    {NULL, "s", "y", -1, 0, 0, {2}},
    {NULL, NULL, "y", -1, 0, 0, {7, 2}},
    {"p", "s", "x", STATUS_PENDING, 0, 0, {1}},
    {"p", "s2", "y", -1, 0, 0, {0}},
    {NULL, NULL, NULL, -1, 3, 0, {7, 6, 5, 4, 3}},
    {NULL, NULL, NULL, -1, 0, 3, {2, 1}},
    {NULL, NULL, NULL, -1, 2, 5, {4, 3, 2}},
    {NULL, NULL, NULL, -1, 5, 5, {0}},
    {NULL, NULL, NULL, -1, 6, 2, {0}},
    {NULL, NULL, NULL, -1, 8, 0, {0}},
    {NULL, NULL, NULL, -1, 0, 1, {0}},
    {NULL, NULL, NULL, -1, 1, 8, {7, 6, 5, 4, 3, 2, 1}},
    {"p", NULL, NULL, -1, 2, 6, {4, 2}},
    {NULL, NULL, NULL, STATUS_COMPLETED, 3, 7, {6, 3}},
    {"p", "s", "x", STATUS_COMPLETED, 6, 7, {6}},
};

static void fill_rows(struct store_txn *txn)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct execution execution = make(rows[i].n, rows[i].pipeline, rows[i].status);
        execution.pipeline_name = span_str(rows[i].service);
        execution.event_type = span_str(rows[i].type);
        create(txn, &execution);
    }
}

static struct span text(const char *s)
{
    return s ? span_str(s) : SPAN_NONE;
}

static struct execution_query query_of(size_t i)
{
    return (struct execution_query){
        .with_status = list_cases[i].status >= 0,
        .status = list_cases[i].status >= 0 ? (enum status)list_cases[i].status : STATUS_PENDING,
        .pipeline_id = text(list_cases[i].pipeline),
        .service = text(list_cases[i].service),
        .event_type = text(list_cases[i].type),
        .since_ms = list_cases[i].since ? EPOCH + list_cases[i].since : 0,
        .until_ms = list_cases[i].until ? EPOCH + list_cases[i].until : 0,
        .limit = EXECUTIONS_LIMIT_DEFAULT,
    };
}

static size_t count_expected(size_t i)
{
    size_t n = 0;
    while (list_cases[i].found[n])
        n++;
    return n;
}

static void lists_find_what_was_asked_for(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    fill_rows(txn);
    for (size_t i = 0; i < COUNT(list_cases); i++) {
        struct execution_query query = query_of(i);
        struct found found = {.n = 0};
        struct uuid next = id(99);
        assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
        check_found(&found, list_cases[i].found, count_expected(i));
        assert_true(uuid_is_none(&next));
    }
}

/* Page by page, of every size, they find the same; each row once. */
static void pages_together_are_the_list(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    fill_rows(txn);
    for (size_t i = 0; i < COUNT(list_cases); i++) {
        for (size_t limit = 1; limit <= 8; limit++) {
            struct execution_query query = query_of(i);
            struct found found = {.n = 0};
            struct uuid next;
            int pages = 0;
            query.limit = limit;
            do {
                size_t before = found.n;
                assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
                assert_true(found.n - before <= limit);
                query.after = next;
            } while (!uuid_is_none(&next) && ++pages < 20);
            check_found(&found, list_cases[i].found, count_expected(i));
        }
    }
}

/* What comes while somebody pages is newer than the first page, and disturbs none. */
static void pages_stay_right_while_rows_are_added(void **state)
{
    static const unsigned expected[] = {7, 6, 5, 4, 3, 2, 1};
    struct execution_query query = {.limit = 2};
    struct found found = {.n = 0};
    struct uuid next;
    unsigned added = 10;
    (void)state;
    fill_rows(temp_store_begin(&t));
    struct store_txn *txn = temp_store_next(&t);
    do {
        assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
        query.after = next;
        for (int k = 0; k < 3; k++) {
            struct execution execution = make(added++, "p", STATUS_PENDING);
            create(txn, &execution);
        }
        txn = temp_store_next(&t);
    } while (!uuid_is_none(&next));
    check_found(&found, expected, COUNT(expected));

    /* A row that moves between statuses meanwhile is in one of the two lists. */
    query = (struct execution_query){.with_status = true, .status = STATUS_PENDING, .limit = 1};
    found = (struct found){.n = 0};
    assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
    struct execution moved;
    struct step_result room[STEPS_MAX];
    struct buf copy = BUF_INIT;
    assert_int_equal(executions_load(txn, &next, &copy, &moved, room), ERR_OK);
    moved.status = STATUS_COMPLETED;
    assert_int_equal(executions_change(txn, &moved, STATUS_PENDING), ERR_OK);
    buf_done(&copy);
    query.after = next;
    assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
    assert_int_equal(found.n, 2);
    assert_int_equal(found.numbers[1], found.numbers[0] - 1);
}

static void list_goes_on_after_any_id(void **state)
{
    static const struct {
        unsigned after;
        unsigned found[8];
    } cases[] = {{7, {6, 5, 4, 3, 2, 1}}, {4, {3, 2, 1}}, {1, {0}}, {500, {7, 6, 5, 4, 3, 2, 1}}};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    fill_rows(txn);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct execution_query query = {.limit = 10, .after = id(cases[i].after)};
        struct found found = {.n = 0};
        struct uuid next;
        size_t n = 0;
        while (cases[i].found[n])
            n++;
        assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
        check_found(&found, cases[i].found, n);
    }
    /* Both bounds hold: the page's and the time's. */
    struct execution_query query = {.limit = 10, .after = id(6), .until_ms = EPOCH + 4};
    struct found found = {.n = 0};
    struct uuid next;
    assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
    assert_int_equal(found.numbers[0], 3);
    query = (struct execution_query){.limit = 10, .after = id(3), .until_ms = EPOCH + 6};
    found = (struct found){.n = 0};
    assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
    assert_int_equal(found.numbers[0], 2);
}

/* What a client may put there is longer than what a key has room for. */
static void list_of_an_impossible_pipeline_is_empty(void **state)
{
    char long_id[4096];
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    fill_rows(txn);
    memset(long_id, 'p', sizeof long_id);
    for (size_t len = 1; len <= sizeof long_id; len += len < 200 ? 1 : 1000) {
        struct execution_query query = {.limit = 10, .pipeline_id = span_of(long_id, len)};
        struct found found = {.n = 0};
        struct uuid next = id(99);
        assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
        assert_int_equal(found.n, len == 1 ? 4 : len == 2 ? 1 : 0);
        assert_true(uuid_is_none(&next));
    }
}

static unsigned counted;

static bool count_one(const struct uuid *execution, void *context)
{
    (void)execution, (void)context;
    counted++;
    return true;
}

/*
 * However many executions do not match, a page looks at so many, then says where to go on. On a
 * slow machine it ends before that, for its time.
 */
static void page_looks_at_a_bounded_number(void **state)
{
    enum { ROWS = EXECUTIONS_LOOKED_MAX + 500 };
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (unsigned n = 1; n <= ROWS; n++) {
        struct execution execution = make(n, "p", STATUS_COMPLETED);
        execution.event_type = span_str(n == 1 ? "rare" : "type");
        create(txn, &execution);
        if (n % 2000 == 0)
            txn = temp_store_next(&t);
    }
    struct execution_query query = {.limit = 10, .event_type = span_str("rare")};
    struct found found = {.n = 0};
    struct uuid next;
    unsigned above = ROWS + 1, pages = 0;
    do {
        assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
        unsigned below = uuid_is_none(&next) ? 1 : number(&next);
        assert_in_range(above - below, 0, EXECUTIONS_LOOKED_MAX);
        above = below;
        query.after = next;
        pages++;
    } while (!uuid_is_none(&next));
    assert_true(pages > 1);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.numbers[0], 1);

    /* Without a limit of its own, a list has that one. */
    query = (struct execution_query){.event_type = span_str("rare")};
    counted = 0;
    assert_int_equal(executions_list(txn, &query, count_one, NULL, &next), ERR_OK);
    assert_int_equal(counted, 0);
    assert_in_range(ROWS + 1 - number(&next), 1, EXECUTIONS_LOOKED_MAX);
    query = (struct execution_query){.limit = 0};
    assert_int_equal(executions_list(txn, &query, count_one, NULL, &next), ERR_OK);
    assert_int_equal(counted, ROWS + 1 - number(&next));
    assert_in_range(counted, 1, EXECUTIONS_LOOKED_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(execution_is_found_again),
        TEST(one_that_starts_is_its_events),
        TEST(indexes_follow_the_status),
        TEST(change_from_a_wrong_status_fails),
        TEST(executions_of_a_cid_come_in_order),
        TEST(data_and_logs_are_replaced_and_taken_away),
        TEST(result_is_printed_with_data_and_logs),
        TEST(lists_find_what_was_asked_for),
        TEST(pages_together_are_the_list),
        TEST(pages_stay_right_while_rows_are_added),
        TEST(list_goes_on_after_any_id),
        TEST(list_of_an_impossible_pipeline_is_empty),
        TEST(page_looks_at_a_bounded_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
