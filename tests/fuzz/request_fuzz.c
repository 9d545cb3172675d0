/*
 * request_fuzz - any request to any route: method, path, query, headers, credentials, body
 * (served.h says how it is written). It has one reply, which is as HTTP and the contract want it.
 */
#include "tests/fuzz/served.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf body = BUF_INIT;
    served_open();
    (void)served_ask(NULL, span_of(data, size), &body);
    buf_done(&body);
    return 0;
}
