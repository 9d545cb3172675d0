/* erasures - see erasures.h. */
#include "cgi-bin/console/erasures.h"

#include "store/erasure.h"

struct asked {
    struct uuid cid;
    struct erasure erasure;
};

static enum err erase(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct asked *asked = request->state;
    return erasure_erase(txn, &asked->cid, &asked->erasure);
}

static void erased(struct request *request, enum err err)
{
    const struct asked *asked = request->state;
    if (err == ERR_NOTFOUND)
        reply_problem(request, 404, "There is no such correlation id.");
    else if (err == ERR_CONFLICT)
        reply_problem(request, 409, "Nothing is erased: %s.", asked->erasure.why);
    else if (err)
        reply_error(request, err);
    else
        reply_message(request, 200, "What the event has brought is erased");
}

void erasures_make(struct request *request)
{
    struct asked *asked = request->state = arena_alloc(&request->arena, sizeof *asked);
    if (uuid_parse(request->params[0], &asked->cid))
        request_write(request, 0, erase, erased);
    else
        reply_problem(request, 404, "There is no such correlation id.");
}
