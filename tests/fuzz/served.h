#ifndef FUZZ_SERVED_H
#define FUZZ_SERVED_H
/*
 * served - a home with a pipeline, its trigger, an event and its execution, and requests that go
 * through everything that the web programs have, but a front end. What a request changes is undone
 * before its reply, so that each input meets the same home.
 *
 * A request is written as lines: "METHOD path?query", then CGI variables as "NAME=value", an empty
 * line, and the body. In all of it {cid} and {run} stand for the cid and the execution of the home,
 * and {key} for a key that may do everything, which is the secret of its GitLab webhook as well.
 */
#include "fuzz.h"

#include "web/receive.h"

/* Makes the home, once in a process. Its files are gone at once, the store stays open. */
const struct serving *served_open(void);

/* What {cid}, {run} and {key} stand for. */
struct span served_cid(void);
struct span served_run(void);
struct span served_token(void);

/*
 * Sends a request to the routes of a program (NULL: those of all programs), and appends the body
 * of the reply. Whatever is sent, there is one reply, with lines that are as HTTP wants them, and a
 * body that is JSON; it tells of no failure of the bridge's own. Returns its status.
 */
int served_ask(const struct program *program, struct span text, struct buf *ret_body);

/* A change of the store that is undone. */
void served_undone(store_mutation *mutation, void *context);

#endif
