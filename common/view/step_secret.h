#ifndef VIEW_STEP_SECRET_H
#define VIEW_STEP_SECRET_H
/*
 * step_secret - a step secret as clients see it, which is without its value.
 */
#include "base/json.h"
#include "store/step_secrets.h"

/* Writes {"name", "created", "last_modified"}. */
void step_secret_print(const struct step_secret *secret, struct json_out *out);

#endif
