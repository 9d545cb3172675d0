#ifndef FXCTL_EVENT_QUERY_H
#define FXCTL_EVENT_QUERY_H
/*
 * event_query - which events are asked for, and the columns that they are shown in.
 */
#include "fxctl/table.h"
#include "store/event_list.h"

#define EVENT_QUERY_OPTIONS \
    {"type", "TYPE", OPTION_FREE, \
        "of this type; a * at its end stands for any ending, also below"}, \
        {"source", "SOURCE", OPTION_FREE, "from this source"}, \
        {"topic", "TOPIC", OPTION_FREE, "on this topic"}, \
        {"credential", "NAME-OR-ID", OPTION_FREE, "that this key or webhook secret has brought"}, \
    { \
        "door", "DOOR", OPTION_FREE, \
            "that came in by this door: events, generic, webhook, emit, hand,\ntick or fx" \
    }

extern const struct column event_query_columns[];

/* Reads those options, but --credential, into an empty query. EXIT_DONE or EXIT_USAGE. */
int event_query_read(const struct fxctl *ctl, struct event_query *query);

/* Reads another option, as view/event.h names it. As above. */
int event_query_option(const struct fxctl *ctl, const char *name, struct event_query *query);

/*
 * Reads --credential, an id or a name that is looked up in the open store. EXIT_DONE, or the status
 * to leave with.
 */
int event_query_credential(const struct fxctl *ctl, struct event_query *query);

#endif
