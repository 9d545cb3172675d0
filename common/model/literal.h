#ifndef MODEL_LITERAL_H
#define MODEL_LITERAL_H
/*
 * literal - texts of a definition that are secrets by their place: `secret` of an HTTP step, and
 * its headers Authorization, Proxy-Authorization and Cookie. In what is kept of a definition a
 * reference to a step secret stands in the place of each.
 */
#include "base/buf.h"
#include "base/err.h"

/* Appends the name of the step secret that a value, which is unescaped, has become. */
typedef enum err literal_name(struct span value, struct buf *ret_name, void *context);

/*
 * Appends a checked definition with {"secret": NAME} in the place of each literal; all other bytes
 * are as they were. The first error of `name` ends it.
 */
enum err literal_replace(
    struct span definition, literal_name *name, void *context, struct buf *out) MUST_CHECK;

#endif
