#ifndef WEB_PLACE_H
#define WEB_PLACE_H
/*
 * place - where the gateway stands among the URLs of its web server, and which of the gateway's
 * own paths a request names.
 *
 * The gateway's paths ("/fx/events") may have others in front of them, its base: "/bridge",
 * "/~ada". Web servers tell of it in three ways (PLATFORM.md). The base is never taken from what a
 * client has sent, but from how the web server has read that:
 *   - SCRIPT_NAME ends in the program's file, as behind a rewriting .htaccess: the gateway's
 *     path is PATH_INFO;
 *   - the path begins with that of the setting public_url, which is taken off;
 *   - the path has no base any more, and REQUEST_URI shows what the web server has taken off.
 */
#include "web/request.h"

/*
 * Sets path and base of a request from its variables. False where a front end has made this path
 * of one that another front end would have read differently; such a path names nothing.
 */
bool place_find(struct request *request);

/* Likewise from REQUEST_URI alone, where the other variables name another path. */
void place_restore(struct request *request);

/* Appends public_url, or where nobody has set it the base: what paths of the gateway follow. */
void place_add_root(const struct request *request, struct buf *out);

/* Names what the request has made in Location: a path of the gateway. */
void place_reply_location(struct request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
