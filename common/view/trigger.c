/* trigger - see trigger.h. */
#include "view/trigger.h"

#include <stdio.h>

#include "home/alive.h"
#include "store/services.h"

enum err trigger_print(struct store_txn *txn, const struct home *home,
    const struct trigger *trigger, struct json_out *out)
{
    struct service_report service;
    char version[16];
    enum err err = services_get(txn, trigger->queue, &service);
    if (err)
        return err;
    snprintf(version, sizeof version, "%u", trigger->pipeline_version);
    json_open(out, '{');
    json_put_bool(out, "ready", service.generation >= trigger->generation && alive_is(home));
    json_put_text(out, "pipeline_id", trigger->pipeline_id);
    json_put_text(out, "service", trigger->pipeline_name);
    json_put_text(out, "topic", trigger->topic);
    json_put_str(out, "pipeline_version", version);
    json_put_int(out, "generation", (int64_t)trigger->generation);
    json_put_int(out, "instances", service.instances);
    json_put_int(out, "pending", (int64_t)service.pending);
    json_put_int(out, "running", service.running);
    json_key(out, "started");
    json_time(out, trigger->started_ms);
    json_close(out, '}');
    return ERR_OK;
}
