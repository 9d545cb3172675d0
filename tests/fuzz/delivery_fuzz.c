/*
 * delivery_fuzz - a line that names a provider, then a request (served.h) to the webhook's route,
 * as if a secret of that provider had signed it: headers, query and body are the sender's.
 */
#include "tests/fuzz/served.h"

#include "cgi-bin/events/submit.h"

static struct span provider;

static void submit_signed(struct request *request)
{
    request->credential.provider = provider;
    request->scheme = scheme_preset(provider);
    submit_webhook(request);
}

static const struct route routes[] = {{"POST", "/", SCOPE_NONE, submit_signed}};
static const struct program program = {"events", STORE_READ_WRITE, routes, 1};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span request = span_of(data, size);
    struct buf text = BUF_INIT, body = BUF_INIT;
    provider = cut(&request, '\n');
    served_open();
    buf_add_str(&text, "POST /?");
    buf_add_span(&text, request);
    int status = served_ask(&program, buf_span(&text), &body);
    require(status == 200 || status >= 400);
    buf_done(&text);
    buf_done(&body);
    return 0;
}
