/* event - what came in: lists of events, and one of them with its payload. */
#include <stdio.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/json.h"
#include "fxctl/event_query.h"
#include "fxctl/help.h"
#include "fxctl/id.h"
#include "fxctl/pages.h"
#include "fxctl/read.h"
#include "fxctl/text.h"
#include "fxctl/when.h"
#include "store/events.h"
#include "view/event.h"

static int read_when(const struct fxctl *ctl, const char *name, int64_t *ret_ms)
{
    const char *value = fxctl_option(ctl, name);
    if (value && !when_parse(value, clock_wall_ms(), -1, ret_ms))
        return help_usage(ctl, "--%s: must be " WHEN_RIGHT, name);
    return EXIT_DONE;
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
    const struct pages pages = {.columns = event_query_columns,
        .none = none_of(ctl),
        .print = print_page,
        .begin = begin,
        .end = end};
    int status = event_query_read(ctl, &list.query);
    list.query.limit = EVENT_LIST_LIMIT_DEFAULT;
    if (!status)
        status = read_when(ctl, "since", &list.query.since_ms);
    if (!status)
        status = read_when(ctl, "until", &list.query.until_ms);
    if (!status)
        status = event_query_option(ctl, "limit", &list.query);
    if (!status)
        status = event_query_option(ctl, "before", &list.query);
    if (!status)
        status = fxctl_open(ctl, STORE_READ_ONLY);
    if (!status)
        status = event_query_credential(ctl, &list.query);
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
        if (span_eq_str(table_member(event, "bytes"), "0")) {
            buf_add_str(out, "  none is kept\n");
        } else {
            buf_add_str(out, "  is not shown here; see it with: fxctl event show ");
            table_value(event, "seq", out);
            buf_add_str(out, " --payload\n");
        }
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
        {"erased", "erased", false},
        {"by", "erased_by", false},
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

static const struct option_rule events_options[] = {
    EVENT_QUERY_OPTIONS,
    {"since", "WHEN", OPTION_FREE,
        "accepted since then: an RFC 3339 time, or how long ago, such as\n30m, 12h or 7d"},
    {"until", "WHEN", OPTION_FREE, "accepted before then, likewise"},
    {"limit", "N", OPTION_FREE, "at most so many, 1 to 1000; else 100"},
    {"before", "SEQ", OPTION_FREE, "only those older than this one: the next page"},
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
