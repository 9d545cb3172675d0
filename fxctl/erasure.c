/* erasure - takes away for good what an event has brought. */
#include <inttypes.h>

#include "base/json.h"
#include "fxctl/id.h"
#include "store/erasure.h"

struct asked {
    struct uuid cid;
    struct erasure erasure;
};

static enum err erase_mutation(struct store_txn *txn, void *context)
{
    struct asked *asked = context;
    return erasure_erase(txn, &asked->cid, &asked->erasure);
}

static void print(const struct fxctl *ctl, const struct erasure *erasure)
{
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    json_open(&out, '{');
    json_put_int(&out, "events", (int64_t)erasure->events);
    json_put_int(&out, "executions", (int64_t)erasure->executions);
    json_close(&out, '}');
    if (ctl->json)
        fxctl_print(&text);
    fxctl_say("Erased: events %" PRIu64 ", executions %" PRIu64 ". Copies of the database, and its "
              "free pages until they are used again, still hold what they held: see "
              "docs/operate.md.",
        erasure->events, erasure->executions);
    buf_done(&text);
}

static int erase(struct fxctl *ctl)
{
    struct asked asked;
    int status = id_open(ctl, ID_CID, STORE_READ_WRITE, &asked.cid);
    if (status)
        return status;
    enum err err = store_write(ctl->store, 0, erase_mutation, &asked);
    if (err == ERR_NOTFOUND || err == ERR_GONE)
        return fxctl_refuse("there is no correlation id %s", ctl->operands[0]);
    if (err == ERR_CONFLICT)
        return fxctl_refuse("nothing is erased: %s", asked.erasure.why);
    if (err)
        return fxctl_failed(err);
    print(ctl, &asked.erasure);
    return EXIT_DONE;
}

const struct command erasure_commands[] = {
    {
        .name = "event erase",
        .operands = "CID",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "erase what an event has brought, and all that came of it",
        .details =
            "The payloads of all events with this correlation id go for good, and what is kept of\n"
            "their requests; of their executions the data, logs and errors. What is left says "
            "that\n"
            "there was something, and the audit who has erased it, and when. Nothing is erased\n"
            "while an execution of it waits or runs.",
        .run = erase,
    },
    {0},
};
