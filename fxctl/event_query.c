/* event_query - see event_query.h. */
#include "fxctl/event_query.h"

#include <string.h>

#include "fxctl/help.h"
#include "fxctl/nearest.h"
#include "store/credentials.h"
#include "view/event.h"

const struct column event_query_columns[] = {
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

int event_query_option(const struct fxctl *ctl, const char *name, struct event_query *query)
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

int event_query_read(const struct fxctl *ctl, struct event_query *query)
{
    static const char *const names[] = {"type", "source", "topic", "door"};
    int status = EXIT_DONE;
    *query = (struct event_query){0};
    for (size_t i = 0; !status && i < sizeof names / sizeof names[0]; i++)
        status = event_query_option(ctl, names[i], query);
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

int event_query_credential(const struct fxctl *ctl, struct event_query *query)
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
