#ifndef MODEL_DEFINITION_H
#define MODEL_DEFINITION_H
/*
 * definition - what a client sends to create or replace a pipeline, taken apart
 * into what is stored: its id, its name and the text of its definition.
 */
#include "model/pipeline.h"

struct definition {
    struct buf id; /* empty: the client gave none */
    struct buf name;
    struct buf text; /* {"name", "steps", "options"}, the values' bytes as sent */
    struct pipeline *pipeline;
};

#define DEFINITION_INIT ((struct definition){BUF_INIT, BUF_INIT, BUF_INIT, NULL})

/*
 * Reads a body: the checked text of an object with name, steps, options and perhaps id.
 * When a pipeline is replaced, `name` is its name, which the body repeats or leaves out;
 * when one is created, `name` is empty. ERR_INVALID with a sentence in ret_why that names
 * the field. Free with definition_done in either case.
 */
enum err definition_read(struct span body, struct span name, struct definition *ret_definition,
    struct buf *ret_why) MUST_CHECK;
void definition_done(struct definition *definition);

#endif
