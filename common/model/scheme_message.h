#ifndef MODEL_SCHEME_MESSAGE_H
#define MODEL_SCHEME_MESSAGE_H
/*
 * scheme_message - what a signature is made of: literal text with {body},
 * {timestamp} and {id}, cut into its parts.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum part_kind { PART_TEXT, PART_BODY, PART_TIMESTAMP, PART_ID, PART__MAX };

struct part {
    enum part_kind kind;
    struct span text; /* of PART_TEXT; borrowed from the message */
};

#define PARTS_MAX 7 /* three that vary, and the text around them */

/* The parts in order; "" stands for "{body}". 0 without {body}, or with a part there twice. */
size_t scheme_message_split(const char *message, struct part ret_parts[PARTS_MAX]);

bool scheme_message_has(const char *message, enum part_kind kind);

#endif
