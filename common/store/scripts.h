#ifndef STORE_SCRIPTS_H
#define STORE_SCRIPTS_H
/*
 * scripts - the executables of a home that steps may name.
 */
#include "base/home.h"
#include "model/pipeline.h"

/*
 * Is every script that the pipeline names there and executable? Otherwise
 * ERR_INVALID and a sentence in ret_why that names the field.
 */
enum err scripts_check(
    const struct home *home, const struct pipeline *pipeline, struct buf *ret_why) MUST_CHECK;

#endif
