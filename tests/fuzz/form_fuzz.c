/*
 * form_fuzz - a value of a form or of a query, as it stands in a URL: refused, or decoded to no
 * more bytes than it had, none of which is a NUL.
 */
#include "tests/fuzz/fuzz.h"

#include "web/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request = {0};
    struct span text;
    if (request_decoded(&request, span_of(data, size), &text)) {
        require(text.len <= size && !memchr(text.data, 0, text.len));
        require(text.data[text.len] == 0);
    }
    arena_done(&request.arena);
    return 0;
}
