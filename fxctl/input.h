#ifndef FXCTL_INPUT_H
#define FXCTL_INPUT_H
/*
 * input - documents and bytes from the command line, a file or standard input.
 */
#include "fxctl/fxctl.h"

/*
 * Reads the document that `word` names: standard input for "-" or NULL, else a file. The
 * document is checked as the gateway checks one, and bounded by web.body_bytes of the open
 * home. *ret_json is the value without the white space around it, borrowed.
 * EXIT_DONE, or EXIT_NO after saying why.
 */
int input_read(const struct fxctl *ctl, const char *word, struct buf *text, struct span *ret_json);

/* The same for a payload, which is foreign, and may be the word itself if that begins with {, [
 * or ". */
int input_read_payload(
    const struct fxctl *ctl, const char *word, struct buf *text, struct span *ret_json);

/*
 * Reads the bytes of a file, or of standard input for "-". EXIT_DONE, or EXIT_NO after
 * saying why not, for one when there are more than `limit`.
 */
int input_read_bytes(const char *word, size_t limit, struct buf *bytes);

#endif
