/* tail - events as they are accepted. */
#include <stdio.h>
#include <stdlib.h>

#include "fxctl/event_query.h"
#include "fxctl/follow.h"
#include "fxctl/operand.h"
#include "store/events.h"
#include "view/event.h"

#define TAIL_LINES_DEFAULT 10
#define TAIL_READ_MAX 10000 /* records of one read transaction */

struct tail {
    struct event_query query;
    struct table table;
    uint64_t seq; /* the last that was looked at */
};

/* A page of rows, each where it begins, so that they can be told in another order. */
struct rows {
    struct store_txn *txn;
    struct buf text;
    size_t starts[EVENT_LIST_LIMIT_MAX], count;
    enum err err;
};

static bool add_row(const struct event *event, void *context)
{
    struct rows *rows = context;
    struct json_out out = json_out_to(&rows->text);
    rows->starts[rows->count++] = rows->text.len;
    rows->err = event_print_row(rows->txn, event, &out);
    return !rows->err && rows->count < EVENT_LIST_LIMIT_MAX;
}

static struct span row_at(const struct rows *rows, size_t i)
{
    size_t stop = i + 1 < rows->count ? rows->starts[i + 1] : rows->text.len;
    return span_of(rows->text.data + rows->starts[i], stop - rows->starts[i]);
}

/* Prints the rows, the last first where they came newest first. */
static void print_rows(
    const struct fxctl *ctl, struct tail *tail, const struct rows *rows, bool newest_first)
{
    struct buf array = BUF_INIT, text = BUF_INIT;
    for (size_t i = 0; i < rows->count; i++) {
        buf_add_str(&array, ctl->json ? "\n" : i ? "," : "[");
        buf_add_span(&array, row_at(rows, newest_first ? rows->count - 1 - i : i));
    }
    if (rows->count && ctl->json) {
        fwrite(array.data + 1, 1, array.len - 1, stdout);
        fputc('\n', stdout);
    } else if (rows->count) {
        buf_add_char(&array, ']');
        table_page(&tail->table, buf_span(&array), &text);
        fxctl_print(&text);
    }
    fflush(stdout);
    buf_done(&array);
    buf_done(&text);
}

/* Looks at what is behind the last look, oldest first. *ret_more: there is more to read at once. */
static enum err read_behind(
    struct store_txn *txn, struct tail *tail, struct rows *rows, bool *ret_more)
{
    struct event event;
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < TAIL_READ_MAX && rows->count < EVENT_LIST_LIMIT_MAX; i++) {
        err = events_get(txn, tail->seq + 1, &event);
        if (err)
            break;
        tail->seq++;
        if (event_list_fits(&tail->query, &event))
            (void)add_row(&event, rows);
        err = rows->err;
    }
    *ret_more = !err;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* The newest ones that are there, and where to go on. */
static enum err read_newest(struct store_txn *txn, struct tail *tail, struct rows *rows)
{
    struct event_list_end end;
    enum err err = events_last(txn, &tail->seq);
    if (!err && tail->query.limit)
        err = event_list(txn, &tail->query, add_row, rows, &end);
    return err ? err : rows->err;
}

/* Reads and prints, in one transaction. *ret_seen: its last commit. */
static enum err look(
    struct fxctl *ctl, struct tail *tail, bool first, bool *ret_more, uint64_t *ret_seen)
{
    struct rows *rows = mem_alloc(sizeof *rows);
    *ret_more = false;
    enum err err = store_read_begin(ctl->store, &rows->txn);
    if (!err) {
        err = first ? read_newest(rows->txn, tail, rows)
                    : read_behind(rows->txn, tail, rows, ret_more);
        *ret_seen = store_txn_sees(rows->txn);
        store_read_end(rows->txn);
    }
    if (!err)
        print_rows(ctl, tail, rows, first);
    buf_done(&rows->text);
    free(rows);
    return err;
}

/* Prints what comes until a signal ends the process, or nobody reads it any more. */
static enum err follow(struct fxctl *ctl, struct tail *tail)
{
    uint64_t seen;
    bool more;
    enum err err = look(ctl, tail, true, &more, &seen);
    while (!err && !ferror(stdout) && (more || follow_wait(ctl, seen)))
        err = look(ctl, tail, false, &more, &seen);
    return err;
}

static int tail(struct fxctl *ctl)
{
    struct tail tail = {.table.columns = event_query_columns};
    int64_t lines;
    int status = event_query_read(ctl, &tail.query);
    if (!status)
        status = operand_number(ctl, "lines", 0, EVENT_LIST_LIMIT_MAX, TAIL_LINES_DEFAULT, &lines);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_ONLY);
    if (!status)
        status = event_query_credential(ctl, &tail.query);
    if (status)
        return status;
    tail.query.limit = (size_t)lines;
    enum err err = follow(ctl, &tail);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

static const struct option_rule tail_options[] = {
    EVENT_QUERY_OPTIONS,
    {"lines", "N", OPTION_FREE, "so many that are there already come first, 0 to 1000; else 10"},
    {0},
};

const struct command tail_commands[] = {
    {
        .name = "tail",
        .options = tail_options,
        .summary = "show events as they are accepted, until Ctrl-C",
        .details = "With --json each event is one line.",
        .run = tail,
    },
    {0},
};
