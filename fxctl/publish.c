/* publish - puts one event into the log, as a client of the gateway would. */
#include "base/clock.h"
#include "base/json.h"
#include "fxctl/help.h"
#include "fxctl/input.h"
#include "model/limits.h"
#include "model/name.h"
#include "store/audit.h"
#include "store/events.h"

static enum err append(struct store_txn *txn, void *context)
{
    const struct event *event = context;
    char cid[UUID_TEXT];
    uuid_format(&event->cid, cid);
    enum err err = events_append(txn, context);
    return err ? err
               : audit_add_with(
                     txn, AUDIT_EVENT_PUBLISH, "event", span_str(cid), "type", event->type);
}

static void print_accepted(const struct fxctl *ctl, const struct event *event)
{
    char cid[UUID_TEXT];
    struct buf text = BUF_INIT;
    struct json_out o = json_out_to(&text);
    uuid_format(&event->cid, cid);
    if (ctl->json) {
        json_open(&o, '{');
        json_put_str(&o, "cid", cid);
        json_put_text(&o, "eventType", event->type);
        json_close(&o, '}');
    } else {
        buf_add_str(&text, cid);
    }
    fxctl_print(&text);
    buf_done(&text);
}

/* Reads the options into the event. EXIT_DONE or EXIT_USAGE. */
static int read_options(const struct fxctl *ctl, struct event *event)
{
    const char *source = fxctl_option(ctl, "source"), *topic = fxctl_option(ctl, "topic");
    struct buf why = BUF_INIT;
    int status = EXIT_DONE;
    event->data_kind = EVENT_DATA_JSON;
    event->door = DOOR_HAND;
    event->datacontenttype = span_str("application/json");
    event->source = span_str(source ? source : "fxctl");
    event->type = span_str(fxctl_option(ctl, "type"));
    event->topic = span_str(topic ? topic : "");
    if (topic && !name_is_topic(span_str(topic)))
        status = help_usage(
            ctl, "--topic: needs 1 to %d characters of A-Z a-z 0-9 . _ : / -", TOPIC_MAX);
    else if (!event_check(event, "--source", "--type", &why))
        status = help_usage(ctl, "%s", buf_text(&why));
    buf_done(&why);
    return status;
}

static int publish(struct fxctl *ctl)
{
    struct event event = {0};
    struct buf payload = BUF_INIT;
    int status = read_options(ctl, &event);
    if (!status)
        status = fxctl_open_home(ctl);
    if (!status)
        status = input_read_payload(ctl, ctl->operands[0], &payload, &event.data);
    if (!status)
        status = fxctl_open_store(ctl, STORE_READ_WRITE);
    if (!status) {
        event.cid = uuid_new();
        event.accepted_ms = clock_wall_ms();
        enum err err =
            store_write(ctl->store, STORE_ACCEPT | STORE_INTAKE | STORE_WAKE, append, &event);
        if (err == ERR_BUSY)
            status = fxctl_refuse("intake is paused; it goes on with: fxctl resume intake");
        else if (err)
            status = fxctl_failed(err);
        else
            print_accepted(ctl, &event);
    }
    buf_done(&payload);
    return status;
}

static const struct option_rule publish_options[] = {
    {"type", "TYPE", OPTION_REQUIRED, "the event type, such as order.created"},
    {"source", "SOURCE", OPTION_FREE, "where the event comes from, a URI reference; else fxctl"},
    {"topic", "TOPIC", OPTION_FREE, "the name it is published under; else the type"},
    {0},
};

const struct command publish_commands[] = {
    {
        .name = "publish",
        .operands = "[JSON|FILE|-]",
        .operands_max = 1,
        .options = publish_options,
        .summary = "accept an event and print its correlation id (cid)",
        .details =
            "The payload is one JSON value: the argument itself where it begins with {, [ or \",\n"
            "else the file it names; standard input for - or without an argument.\n"
            "Once the id is printed, the event is on disk. Follow it with: fxctl cid CID --wait",
        .run = publish,
    },
    {0},
};
