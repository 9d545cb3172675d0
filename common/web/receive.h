#ifndef WEB_RECEIVE_H
#define WEB_RECEIVE_H
/*
 * receive - takes one request off its channel and through everything that comes before a
 * handler: path, route, size, body, its coding, credential. What fails on the way is
 * answered on the way. Without a store (NULL: it could not be opened) every route that needs
 * one answers 503, or 500 where somebody has to mend something first.
 */
#include "web/channel.h"
#include "web/request.h"

struct networks;

/* What all requests of a process share. Meter and proxies may be NULL. */
struct serving {
    const struct program *program;
    const struct home *_Atomic home; /* another one, which stays, when settings were read again */
    struct store *store;
    struct meter *meter;
    const struct networks *proxies; /* whose X-Forwarded-For is believed */
    enum err fault;                 /* why there is no store */
};

/*
 * Returns how many bytes the request takes up, until it has been answered, beside those that
 * came: a body that came compressed.
 */
size_t request_serve(const struct serving *serving, struct channel *channel);

#endif
