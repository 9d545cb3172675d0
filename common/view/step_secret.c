/* step_secret - see step_secret.h. */
#include "view/step_secret.h"

void step_secret_print(const struct step_secret *secret, struct json_out *out)
{
    json_open(out, '{');
    json_put_text(out, "name", secret->name);
    json_key(out, "created");
    json_time(out, secret->created_ms);
    json_key(out, "last_modified");
    json_time(out, secret->updated_ms);
    json_close(out, '}');
}
