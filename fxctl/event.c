/* event - what came in: lists of events, one of them with its payload, and those to come. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/json.h"
#include "fxctl/help.h"
#include "fxctl/id.h"
#include "fxctl/nearest.h"
#include "fxctl/operand.h"
#include "fxctl/pages.h"
#include "fxctl/read.h"
#include "fxctl/text.h"
#include "fxctl/when.h"
#include "store/credentials.h"
#include "store/events.h"
#include "view/event.h"

static const struct column columns[] = {
    {"SEQ", "seq", true},
    {"ACCEPTED", "accepted", false},
    {"DOOR", "door", false},
    {"CREDENTIAL", "credential_name", false},
    {"TYPE", "type", false},
    {"SOURCE", "source", false},
    {"BYTES", "bytes", true},
    {"CID", "cid", false},
    {0},
};

/* What is asked for */

/* Reads an option into the query. EXIT_DONE or EXIT_USAGE. */
static int read_option(const struct fxctl *ctl, const char *name, struct event_query *query)
{
    const char *value = fxctl_option(ctl, name);
    const char *must = value ? event_list_take(query, name, span_str(value)) : NULL;
    struct buf near = BUF_INIT;
    if (must && strcmp(name, "door") == 0)
        nearest_add_listed(span_str(value), event_doors(), &near);
    int status = must ? help_usage(ctl, "--%s: %s%s", name, must, buf_text(&near)) : EXIT_DONE;
    buf_done(&near);
    return status;
}

static int read_when(const struct fxctl *ctl, const char *name, int64_t *ret_ms)
{
    const char *value = fxctl_option(ctl, name);
    if (value && !when_parse(value, clock_wall_ms(), -1, ret_ms))
        return help_usage(ctl, "--%s: must be " WHEN_RIGHT, name);
    return EXIT_DONE;
}

/* Reads the options that every list of events has. EXIT_DONE or EXIT_USAGE. */
static int read_query(const struct fxctl *ctl, struct event_query *query)
{
    static const char *const names[] = {"type", "source", "topic", "door"};
    int status = EXIT_DONE;
    *query = (struct event_query){0};
    for (size_t i = 0; !status && i < sizeof names / sizeof names[0]; i++)
        status = read_option(ctl, names[i], query);
    return status;
}

struct named {
    const char *name;
    struct uuid *id;
    size_t count; /* credentials of that name */
};

static bool note_named(const struct credential *credential, void *context)
{
    struct named *named = context;
    if (span_eq_str(credential->name, named->name)) {
        *named->id = credential->id;
        named->count++;
    }
    return true;
}

/* Reads --credential, an id or a name. EXIT_DONE, or the status to leave with. */
static int read_credential(const struct fxctl *ctl, struct event_query *query)
{
    struct named named = {fxctl_option(ctl, "credential"), &query->credential, 0};
    struct store_txn *txn;
    if (!named.name || !event_list_take(query, "credential", span_str(named.name)))
        return EXIT_DONE;
    enum err err = store_read_begin(ctl->store, &txn);
    if (!err) {
        err = credentials_list(txn, &UUID_NONE, note_named, &named);
        store_read_end(txn);
    }
    if (err)
        return fxctl_failed(err);
    if (named.count > 1)
        return fxctl_refuse(
            "%zu credentials are called \"%s\"; say the id of one", named.count, named.name);
    return named.count ? EXIT_DONE
                       : fxctl_refuse("there is no credential \"%s\"; see: fxctl key list, fxctl "
                                      "secret list",
                             named.name);
}

/* events */

struct list {
    struct event_query query;
    struct event_list_end end;
};

static enum err print_page(struct fxctl *ctl, struct store_txn *txn, struct page *page,
    struct json_out *out, void *context, bool *ret_more)
{
    struct list *list = context;
    (void)ctl;
    enum err err = event_list_page(txn, &list->query, page, out, &list->end);
    *ret_more = list->query.limit && list->end.next;
    return err;
}

static void begin(struct json_out *out, void *context)
{
    (void)context;
    event_list_begin(out);
}

static void end(struct json_out *out, void *context)
{
    const struct list *list = context;
    event_list_close(&list->end, out);
}

/* What an empty list is told as: nothing fits what was asked for, or nothing is there at all. */
static const char *none_of(const struct fxctl *ctl)
{
    static const char *const asked[] = {
        "type", "source", "topic", "credential", "door", "since", "until", "before"};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        if (fxctl_option(ctl, asked[i]))
            return "No event fits these options.";
    return "There is no event yet.";
}

static int events(struct fxctl *ctl)
{
    struct list list;
    const struct pages pages = {
        .columns = columns, .none = none_of(ctl), .print = print_page, .begin = begin, .end = end};
    int status = read_query(ctl, &list.query);
    list.query.limit = EVENT_LIST_LIMIT_DEFAULT;
    if (!status)
        status = read_when(ctl, "since", &list.query.since_ms);
    if (!status)
        status = read_when(ctl, "until", &list.query.until_ms);
    if (!status)
        status = read_option(ctl, "limit", &list.query);
    if (!status)
        status = read_option(ctl, "before", &list.query);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_ONLY);
    if (!status)
        status = read_credential(ctl, &list.query);
    if (status)
        return status;
    enum err err = pages_print(ctl, &pages, &list);
    if (!err && !ctl->json && list.end.next)
        fxctl_say("There are more; see the next ones with: --before %llu",
            (unsigned long long)list.end.next);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

/* event show */

/* What the operand names: the events of a cid, or one event by its number. */
struct named_events {
    struct uuid cid;
    uint64_t seq; /* 0: those of the cid */
};

static bool is_there(struct fxctl *ctl, uint64_t seq)
{
    struct store_txn *txn;
    struct span record;
    if (store_read_begin(ctl->store, &txn))
        return false;
    enum err err = events_record(txn, seq, &record);
    store_read_end(txn);
    return !err;
}

/*
 * Opens the store. A number is that of an event, and the end of a correlation id that has no letter
 * only where there is no such event. EXIT_DONE, or the status to leave with.
 */
static int open_named(struct fxctl *ctl, struct named_events *ret_named)
{
    struct span word = span_str(ctl->operands[0]);
    *ret_named = (struct named_events){.seq = 0};
    if (!ascii_number(word, INT64_MAX, &ret_named->seq) || !ret_named->seq)
        return id_open(ctl, ID_CID, STORE_READ_ONLY, &ret_named->cid);
    int status = fxctl_open(ctl, STORE_READ_ONLY);
    if (status || word.len < ID_END_MIN || is_there(ctl, ret_named->seq))
        return status;
    ret_named->seq = 0;
    return id_open(ctl, ID_CID, STORE_READ_ONLY, &ret_named->cid);
}

static int no_event(const struct fxctl *ctl, const void *context)
{
    (void)context;
    return fxctl_refuse("there is no event %s", ctl->operands[0]);
}

static enum err print_events(
    struct fxctl *ctl, struct store_txn *txn, struct json_out *out, void *context)
{
    const struct named_events *named = context;
    struct page page = {.bytes = (size_t)ctl->home.config.web_reply_bytes};
    return named->seq ? event_print(txn, named->seq, out)
                      : event_print_cid(txn, &named->cid, &page, out);
}

/* Adds what is kept of a request, an object, as "title  name: value" lines. */
static void add_kept(struct span event, const char *title, const char *member, struct buf *out)
{
    struct span kept = table_member(event, member);
    struct json_item item;
    if (json_type_of(kept) != JSON_OBJECT)
        return;
    struct json_walk walk = json_walk_start(kept);
    buf_printf(out, "\n%s\n", title);
    while (json_walk_next(&walk, &item)) {
        struct buf text = BUF_INIT;
        json_unescape(item.value, &text);
        buf_add_str(out, "  ");
        buf_add_span(out, item.name);
        buf_add_str(out, ": ");
        text_add_line(item.type == JSON_STRING ? buf_span(&text) : span_str("(not kept)"), out);
        buf_add_char(out, '\n');
        buf_done(&text);
    }
}

static void add_payload(struct span event, struct buf *out)
{
    struct json_item payload;
    struct buf text = BUF_INIT;
    buf_add_str(out, "\npayload\n");
    if (!json_find(event, "payload", &payload)) {
        buf_add_str(out, "  is not shown here; see it with: fxctl event show ");
        table_value(event, "seq", out);
        buf_add_str(out, " --payload\n");
        return;
    }
    if (payload.type == JSON_STRING)
        json_unescape(payload.value, &text);
    text_add_lines(payload.type == JSON_STRING ? buf_span(&text) : payload.value, "  ", out);
    buf_done(&text);
}

static void add_event(struct span event, struct buf *out)
{
    static const struct column facts[] = {
        {"seq", "seq", false},
        {"cid", "cid", false},
        {"type", "type", false},
        {"topic", "topic", false},
        {"source", "source", false},
        {"subject", "subject", false},
        {"id", "id", false},
        {"accepted", "accepted", false},
        {"time", "time", false},
        {"door", "door", false},
        {"credential", "credential", false},
        {"its name", "credential_name", false},
        {"address", "address", false},
        {"emitted by", "parent_execution_id", false},
        {"media type", "datacontenttype", false},
        {"schema", "dataschema", false},
        {"extensions", "extensions", false},
        {"bytes", "bytes", false},
        {"routed", "routed", false},
        {0},
    };
    table_facts(event, facts, out);
    add_kept(event, "headers", "headers", out);
    add_kept(event, "query", "query", out);
    add_payload(event, out);
}

static void add_events(struct span document, struct buf *out)
{
    struct json_walk walk = json_walk_start(table_member(document, "events"));
    struct json_item item;
    for (size_t i = 0; json_walk_next(&walk, &item); i++) {
        if (i)
            buf_add_char(out, '\n');
        add_event(item.value, out);
    }
    if (span_eq_str(table_member(document, "more"), "true"))
        buf_add_str(out, "\nand more: not all events of the correlation id are shown\n");
}

/* The payload of an event, or of the first of a cid, as it was sent. */
static enum err print_payload(
    struct fxctl *ctl, struct store_txn *txn, struct json_out *out, void *context)
{
    const struct named_events *named = context;
    struct event event;
    uint64_t seq = named->seq;
    (void)ctl;
    enum err err = seq ? ERR_OK : events_next_of_cid(txn, &named->cid, &seq);
    if (!err)
        err = events_get(txn, seq, &event);
    if (!err)
        buf_add_span(out->buf, event.data);
    return err;
}

static int write_payload(struct fxctl *ctl, struct named_events *named)
{
    struct buf bytes = BUF_INIT;
    int status = read_document(ctl, print_payload, named, no_event, &bytes);
    if (!status && bytes.len)
        fwrite(bytes.data, 1, bytes.len, stdout);
    buf_done(&bytes);
    return status;
}

static int show(struct fxctl *ctl)
{
    struct named_events named;
    struct buf json = BUF_INIT, text = BUF_INIT;
    int status = open_named(ctl, &named);
    if (!status && fxctl_option(ctl, "payload"))
        return write_payload(ctl, &named);
    if (!status)
        status = read_document(ctl, print_events, &named, no_event, &json);
    if (!status && !ctl->json && named.seq)
        add_event(buf_span(&json), &text);
    else if (!status && !ctl->json)
        add_events(buf_span(&json), &text);
    if (!status)
        fxctl_print(ctl->json ? &json : &text);
    buf_done(&json);
    buf_done(&text);
    return status;
}

/* tail */

#define TAIL_LINES_DEFAULT 10
#define TAIL_LOOK_MS 100    /* between two looks at the number of the last commit, each for free */
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
        buf_add_char(&array, ctl->json ? '\n' : i ? ',' : '[');
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

/* Waits for a commit. False: nobody reads what is printed any more. */
static bool wait_for_commit(struct fxctl *ctl, uint64_t seen)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    do {
        (void)poll(&out, 1, TAIL_LOOK_MS);
        if (out.revents & (POLLERR | POLLHUP | POLLNVAL))
            return false;
    } while (store_last_commit(ctl->store) == seen);
    return true;
}

/* Prints what comes until a signal ends the process, or nobody reads it any more. */
static enum err follow(struct fxctl *ctl, struct tail *tail)
{
    uint64_t seen;
    bool more;
    enum err err = look(ctl, tail, true, &more, &seen);
    while (!err && !ferror(stdout) && (more || wait_for_commit(ctl, seen)))
        err = look(ctl, tail, false, &more, &seen);
    return err;
}

static int tail(struct fxctl *ctl)
{
    struct tail tail = {.table.columns = columns};
    int64_t lines;
    int status = read_query(ctl, &tail.query);
    if (!status)
        status = operand_number(ctl, "lines", 0, EVENT_LIST_LIMIT_MAX, TAIL_LINES_DEFAULT, &lines);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_ONLY);
    if (!status)
        status = read_credential(ctl, &tail.query);
    if (status)
        return status;
    tail.query.limit = (size_t)lines;
    enum err err = follow(ctl, &tail);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

#define FILTER_OPTIONS \
    {"type", "TYPE", OPTION_FREE, \
        "of this type; a * at its end stands for any ending, also below"}, \
        {"source", "SOURCE", OPTION_FREE, "from this source"}, \
        {"topic", "TOPIC", OPTION_FREE, "on this topic"}, \
        {"credential", "NAME-OR-ID", OPTION_FREE, "that this key or webhook secret has brought"}, \
    { \
        "door", "DOOR", OPTION_FREE, \
            "that came in by this door: events, generic, webhook, emit, hand,\ntick or fx" \
    }

static const struct option_rule events_options[] = {
    FILTER_OPTIONS,
    {"since", "WHEN", OPTION_FREE,
        "accepted since then: an RFC 3339 time, or how long ago, such as\n30m, 12h or 7d"},
    {"until", "WHEN", OPTION_FREE, "accepted before then, likewise"},
    {"limit", "N", OPTION_FREE, "at most so many, 1 to 1000; else 100"},
    {"before", "SEQ", OPTION_FREE, "only those older than this one: the next page"},
    {0},
};

static const struct option_rule tail_options[] = {
    FILTER_OPTIONS,
    {"lines", "N", OPTION_FREE, "so many that are there already come first, 0 to 1000; else 10"},
    {0},
};

static const struct option_rule show_options[] = {
    {"payload", NULL, OPTION_FREE,
        "its payload alone, byte for byte; of a correlation id, that of the first event"},
    {0},
};

const struct command event_commands[] = {
    {
        .name = "events",
        .options = events_options,
        .summary = "list events, newest first",
        .run = events,
    },
    {
        .name = "tail",
        .options = tail_options,
        .summary = "show events as they are accepted, until Ctrl-C",
        .details = "With --json each event is one line.",
        .run = tail,
    },
    {
        .name = "event show",
        .operands = "CID|SEQ",
        .operands_min = 1,
        .operands_max = 1,
        .options = show_options,
        .summary = "show an event, how it came in, and its payload",
        .details =
            "By its correlation id, which all events have that followed from it, too: all are\n"
            "shown, in the order of the log. Or by its number in the log.",
        .run = show,
    },
    {0},
};
