/*
 * form_fuzz - a form or a query, as it stands in a URL. Its fields lie within it; each name and
 * value is refused, or decoded to no more bytes than it had, none of which is a NUL.
 */
#include "tests/fuzz/fuzz.h"

#include "model/urlencoded.h"
#include "web/request.h"

static void check_decoded(struct request *request, struct span value)
{
    struct span text;
    if (!request_decoded(request, value, &text))
        return;
    require(text.len <= value.len && (!text.len || !memchr(text.data, 0, text.len)));
    require(text.data[text.len] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request = {0};
    struct span form = span_of(data, size), rest = form, name, value;
    size_t times = 0;
    check_decoded(&request, form);
    while (urlencoded_next(&rest, &name, &value)) {
        require(name.len + value.len <= size);
        check_decoded(&request, name);
        check_decoded(&request, value);
        times += span_eq_str(name, "payload");
    }
    require(urlencoded_find(form, "payload", &value) == times);
    arena_done(&request.arena);
    return 0;
}
