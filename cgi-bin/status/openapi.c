/* openapi - see openapi.h. */
#include "cgi-bin/status/openapi.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "web/place.h"

/* in openapi_json.S */
extern const uint8_t openapi_json[], openapi_json_end[];

/* Where the document names its server, as a JSON text. There is one, and it is this. */
static struct span server_in(struct span document)
{
    static const char before[] = "\"servers\": [\n  {\n   \"url\": ", url[] = "\"/\"";
    const char *found = memmem(document.data, document.len, before, strlen(before));
    assert(found && memcmp(found + strlen(before), url, strlen(url)) == 0);
    return span_of(found + strlen(before), strlen(url));
}

/* The document is for any place; its server is here. */
static void reply_for(struct request *request, struct span document, struct span root)
{
    struct span server = server_in(document);
    size_t before = (size_t)(server.data - document.data), after = before + server.len;
    struct buf body = BUF_INIT;
    buf_reserve(&body, document.len + root.len);
    buf_add(&body, document.data, before);
    struct json_out o = json_out_to(&body);
    json_text(&o, root);
    buf_add(&body, document.data + after, document.len - after);
    reply_json(request, 200, buf_span(&body));
    buf_done(&body);
}

void openapi(struct request *request)
{
    struct span document = span_of(openapi_json, (size_t)(openapi_json_end - openapi_json));
    struct buf root = BUF_INIT;
    place_add_root(request, &root);
    if (root.len)
        reply_for(request, document, buf_span(&root));
    else
        reply_json(request, 200, document);
    buf_done(&root);
}

/* For whoever has typed the address of the gateway into a browser. */
void openapi_root(struct request *request)
{
    struct buf root = BUF_INIT, text = BUF_INIT;
    place_add_root(request, &root);
    buf_printf(&text, "<%s/fx/openapi.json>; rel=\"service-desc\"", buf_text(&root));
    reply_header(request, "Link", buf_text(&text));
    buf_clear(&text);
    buf_printf(&text,
        "This is FX Bridge, which takes events; %s/fx/openapi.json says what there is.",
        buf_text(&root));
    reply_message(request, 200, buf_text(&text));
    buf_done(&text);
    buf_done(&root);
}
