#ifndef FXCTL_DOCTOR_FETCH_H
#define FXCTL_DOCTOR_FETCH_H
/*
 * fetch - one HTTP request to a web server of this installation, just as it is written here: no
 * library tidies the path or joins headers, which are what is asked about.
 */
#include "base/buf.h"

#define FETCH_SECONDS 10
#define FETCH_BYTES 65536 /* of a reply that are read */

struct fetched {
    int status;      /* 0: what came is no HTTP */
    struct buf text; /* the reply as it came */
};

/*
 * Sends "METHOD path" to an http:// URL (url.h), below its path, with these header lines, each
 * ended by CR LF. False when there is no reply, and why says the reason. fetch_done frees.
 */
bool fetch(struct span url, const char *method, const char *path, const char *headers,
    struct fetched *ret_fetched, struct buf *why);
void fetch_done(struct fetched *fetched);

/* Is it a URL that fetch can ask? */
bool fetch_can(struct span url);

/* The value of a header, up to its line's end; empty where there is none. */
struct span fetch_header(const struct fetched *fetched, const char *name);

#endif
