/*
 * fastcgi_fuzz - the bytes of a FastCGI connection, in pieces whose size the last of them
 * decides. A request is the same in whatever pieces it comes, takes no more memory than what
 * came of it, and is answered.
 */
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "web/channel.h"

#define BODY_MOST 1000

static struct records_request read_pieces(struct span bytes, size_t piece)
{
    struct records_request r = {.body_most = BODY_MOST};
    for (size_t at = 0, len; at < bytes.len; at += len) {
        len = bytes.len - at < piece ? bytes.len - at : piece;
        uint8_t *copy = mem_resize(NULL, len); /* of this size, so that no byte behind it is read */
        memcpy(copy, bytes.data + at, len);
        records_read(&r, span_of(copy, len));
        free(copy);
    }
    return r;
}

static void compare(const struct records_request *a, const struct records_request *b)
{
    require(a->is == b->is && a->came == b->came && a->followed == b->followed);
    require(span_eq(buf_span(&a->body), buf_span(&b->body)) && a->body.len <= BODY_MOST);
    require(!a->variables == !b->variables);
    for (size_t i = 0; a->variables && (a->variables[i] || b->variables[i]); i++)
        require(a->variables[i] && b->variables[i] && !strcmp(a->variables[i], b->variables[i]));
}

/* The reply is read by nobody: the peer's end is closed later, and has room for it. */
static void serve(struct records_request request)
{
    int ends[2];
    char byte;
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    struct arrival arrival = {ends[1], request};
    struct channel *channel = fastcgi_channel(&arrival);
    for (char **v = channel->variables; *v; v++)
        touch(span_str(*v));
    while (channel_read(channel, &byte, 1) > 0)
        continue;
    channel_send(channel, span_str("Status: 204 No Content\r\n\r\n"), SPAN_NONE);
    close(ends[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct span bytes = span_of(data, size);
    struct records_request whole = read_pieces(bytes, bytes.len + 1);
    struct records_request parts = read_pieces(bytes, 1 + data[size - 1]);
    compare(&whole, &parts);
    require(records_held(&parts) <= 4 * bytes.len + 256);
    if (records_end(&parts) == RECORDS_BAD)
        records_done(&parts);
    else
        serve(parts);
    records_done(&whole);
    return 0;
}
