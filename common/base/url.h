#ifndef BASE_URL_H
#define BASE_URL_H
/*
 * url - which URLs a definition or a setting may name: http or https, a host, no
 * credentials, only characters of RFC 3986, URL_MAX bytes at most. Whether the address
 * behind the host may be reached is decided when the connection is made, not here.
 */
#include <stdbool.h>

#include "base/buf.h"

#define URL_MAX 2048 /* bytes */

/* NULL for an acceptable URL, else a static sentence part that says what would be right. */
const char *url_fault(struct span url);

/* An acceptable URL that paths are put behind, without the slashes at its end. */
struct span url_root(struct span url);

/* The path of an acceptable URL that ends with it; empty where the URL has none. */
struct span url_path(struct span url);

#endif
