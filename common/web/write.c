/* write - hands a request's mutation to the store; see request.h. */
#include <arpa/inet.h>

#include "base/log.h"
#include "model/audit.h"
#include "web/sender.h"

const struct actor *request_actor(struct request *request)
{
    struct actor *actor = arena_alloc(&request->arena, sizeof *actor);
    char *address = arena_alloc(&request->arena, AUDIT_ADDRESS_TEXT);
    struct network network;
    *actor = (struct actor){.kind = ACTOR_KEY,
        .credential = request->credential.id,
        .name = request->credential.name,
        .request = span_str(request->id)};
    if (request->home->config.web_keep_address && sender_address(request, &network) &&
        inet_ntop(network.family, network.bytes, address, AUDIT_ADDRESS_TEXT))
        actor->address = span_str(address);
    return actor;
}

/*
 * A request's mutation has ended: what comes after it is called with the request, by whichever
 * thread has committed.
 */
static void written(struct store_op *op)
{
    struct request *request = op->context;
    log_context(request->id);
    request->after(request, op->err);
    log_context("");
}

void request_write(struct request *request, unsigned flags, store_mutation *mutation,
    void (*after)(struct request *request, enum err err))
{
    request->after = after;
    request->op = (struct store_op){
        .mutation = mutation, .context = request, .flags = flags, .done = written};
    if (!(flags & STORE_UNTOLD))
        request->op.actor = request_actor(request);
    store_submit(request->store, &request->op);
}
