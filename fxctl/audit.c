/* audit - what was changed, by whom. */
#include <stdio.h>

#include "base/clock.h"
#include "fxctl/follow.h"
#include "fxctl/help.h"
#include "fxctl/pages.h"
#include "fxctl/when.h"
#include "view/audit.h"

#define FOLLOW_SHOWN 10 /* records that come first where others are waited for */

static const struct column columns[] = {
    {"SEQ", "seq", true},
    {"AT", "at", false},
    {"BY", "actor", false},
    {"ACTION", "action", false},
    {"SUBJECT", "subject", false},
    {"DETAIL", "detail", false},
    {0},
};

/* What an option has, into the query. EXIT_DONE or EXIT_USAGE. */
static int take(const struct fxctl *ctl, const char *name, struct audit_query *query)
{
    const char *value = fxctl_option(ctl, name);
    const char *must = value ? audit_take(query, name, span_str(value)) : NULL;
    return must ? help_usage(ctl, "--%s: %s", name, must) : EXIT_DONE;
}

static int take_when(const struct fxctl *ctl, const char *name, int64_t *ret_ms)
{
    const char *value = fxctl_option(ctl, name);
    if (value && !when_parse(value, clock_wall_ms(), -1, ret_ms))
        return help_usage(ctl, "--%s: must be " WHEN_RIGHT, name);
    return EXIT_DONE;
}

static int read_query(const struct fxctl *ctl, struct audit_query *query)
{
    static const char *const names[] = {"actor", "action", "subject", "limit", "before"};
    int status = take_when(ctl, "since", &query->since_ms);
    if (!status)
        status = take_when(ctl, "until", &query->until_ms);
    for (size_t i = 0; !status && i < sizeof names / sizeof names[0]; i++)
        status = take(ctl, names[i], query);
    return status;
}

/* The list, newest first. */

struct list {
    struct audit_query query;
    bool more;
};

static enum err print_page(struct fxctl *ctl, struct store_txn *txn, struct page *page,
    struct json_out *out, void *context, bool *ret_more)
{
    struct list *list = context;
    size_t limit = list->query.limit;
    (void)ctl;
    enum err err = audit_page(txn, &list->query, page, out, &list->more);
    list->query.limit = limit - page->rows;
    *ret_more = list->more && list->query.limit;
    return err;
}

static int print_list(struct fxctl *ctl, const struct audit_query *query)
{
    static const struct pages pages = {.member = "audit",
        .columns = columns,
        .none = "No change is on record that fits.",
        .print = print_page};
    struct list list = {.query = *query};
    if (!list.query.limit)
        list.query.limit = AUDIT_LIMIT_DEFAULT;
    enum err err = pages_print(ctl, &pages, &list);
    if (!err && !ctl->json && list.more)
        fxctl_say("There are more; see the next ones with: --before %llu",
            (unsigned long long)list.query.from);
    return err ? fxctl_failed(err) : EXIT_DONE;
}

/* All of them, oldest first, and those that come. */

struct stream {
    struct audit_query query;
    struct table table;
    bool lines; /* of JSON; else a table */
};

static bool add_line(const struct audit *audit, void *context)
{
    struct buf *lines = context;
    struct json_out out = json_out_to(lines);
    audit_print(audit, &out);
    buf_add_char(lines, '\n');
    return true;
}

static bool add_row(const struct audit *audit, void *context)
{
    audit_print(audit, context);
    return true;
}

static enum err read_some(struct store_txn *txn, struct stream *stream, struct buf *text)
{
    struct buf rows = BUF_INIT;
    struct json_out out = json_out_to(&rows);
    if (stream->lines)
        return audit_list(txn, &stream->query, add_line, text, &stream->query.from);
    json_open(&out, '[');
    enum err err = audit_list(txn, &stream->query, add_row, &out, &stream->query.from);
    json_close(&out, ']');
    table_page(&stream->table, buf_span(&rows), text);
    buf_done(&rows);
    return err;
}

/* Reads and prints, in one transaction. *ret_more: ask again; *ret_seen: its last commit. */
static enum err look(struct fxctl *ctl, struct stream *stream, bool *ret_more, uint64_t *ret_seen)
{
    struct buf text = BUF_INIT;
    struct store_txn *txn;
    uint64_t from = stream->query.from;
    enum err err = store_read_begin(ctl->store, &txn);
    if (err)
        return err;
    err = read_some(txn, stream, &text);
    *ret_seen = store_txn_sees(txn);
    store_read_end(txn);
    fxctl_print(&text);
    fflush(stdout);
    buf_done(&text);
    *ret_more = stream->query.from != from;
    return err;
}

static enum err find_start(struct fxctl *ctl, uint64_t *ret_from)
{
    struct store_txn *txn;
    uint64_t last = 0;
    enum err err = store_read_begin(ctl->store, &txn);
    if (!err) {
        err = audit_last(txn, &last);
        store_read_end(txn);
    }
    *ret_from = last > FOLLOW_SHOWN ? last - FOLLOW_SHOWN : 0;
    return err;
}

static int print_stream(struct fxctl *ctl, const struct audit_query *query)
{
    bool follows = fxctl_option(ctl, "follow") != NULL,
         exports = fxctl_option(ctl, "export") != NULL;
    struct stream stream = {*query, {.columns = columns}, exports || ctl->json};
    uint64_t seen;
    bool more;
    stream.query.oldest_first = true;
    stream.query.limit = AUDIT_LIMIT_MAX;
    enum err err = exports ? ERR_OK : find_start(ctl, &stream.query.from);
    do {
        if (!err)
            err = look(ctl, &stream, &more, &seen);
    } while (!err && !ferror(stdout) && (more || (follows && follow_wait(ctl, seen))));
    return err ? fxctl_failed(err) : EXIT_DONE;
}

static int audit(struct fxctl *ctl)
{
    struct audit_query query = {0};
    bool streams = fxctl_option(ctl, "follow") || fxctl_option(ctl, "export");
    int status = read_query(ctl, &query);
    if (!status && streams && (fxctl_option(ctl, "limit") || fxctl_option(ctl, "before")))
        status = help_usage(ctl, "--limit and --before are for a list; leave them out");
    if (!status)
        status = fxctl_open(ctl, STORE_READ_ONLY);
    if (status)
        return status;
    return streams ? print_stream(ctl, &query) : print_list(ctl, &query);
}

static const struct option_rule audit_options[] = {
    {"actor", "NAME", OPTION_FREE, "by this account or key; a * at its end stands for any ending"},
    {"action", "ACTION", OPTION_FREE, "of this kind, such as pipeline.replace or pipeline.*"},
    {"subject", "SUBJECT", OPTION_FREE, "of this thing, as the list has it: pipeline/ID"},
    {"since", "WHEN", OPTION_FREE, "since then: an RFC 3339 time, or how long ago, such as 7d"},
    {"until", "WHEN", OPTION_FREE, "before then, likewise"},
    {"limit", "N", OPTION_FREE, "at most so many, 1 to 1000; else 100"},
    {"before", "SEQ", OPTION_FREE, "only those older than this one: the next page"},
    {"follow", NULL, OPTION_FREE, "the newest, and then those that come, until Ctrl-C; also -f"},
    {"export", NULL, OPTION_FREE, "all that fit, oldest first, each as a line of JSON"},
    {0},
};

const struct command audit_commands[] = {
    {
        .name = "audit",
        .options = audit_options,
        .summary = "show what was changed, when and by whom, newest first",
        .details = "Every change that a person or a program asks for is on record: what is done\n"
                   "with fxctl by the account that ran it, what came over HTTP by its key. A\n"
                   "record is part of the change's own commit.",
        .run = audit,
    },
    {0},
};
