/*
 * err - the names of the result values.
 */
#include "base/err.h"

#include <stddef.h>

static const char *const names[ERR__MAX] = {
    [ERR_OK] = "ok",
    [ERR_INVALID] = "invalid",
    [ERR_NOTFOUND] = "not found",
    [ERR_GONE] = "gone",
    [ERR_CONFLICT] = "conflict",
    [ERR_FULL] = "full",
    [ERR_DENIED] = "denied",
    [ERR_TIMEOUT] = "timeout",
    [ERR_BUSY] = "busy",
    [ERR_IO] = "input/output",
    [ERR_CORRUPT] = "corrupt",
};

const char *err_name(enum err err)
{
    if ((unsigned)err >= ERR__MAX || !names[err])
        return "unknown";
    return names[err];
}
