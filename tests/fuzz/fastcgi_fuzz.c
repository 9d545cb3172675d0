/*
 * fastcgi_fuzz - the bytes of a FastCGI connection. What may be read of them is read by libfcgi as
 * the web programs read it, and is answered, so that no byte ends a program.
 */
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "web/channel.h"
#include "web/records.h"

#define LOOK_MAX 16384 /* as in web/aside.c */

/* Where the parameters end within a pair, libfcgi 2.4.2 forgets 48 bytes. */
const char *__lsan_default_suppressions(void); /* NOLINT: the sanitizer's name */

const char *__lsan_default_suppressions(void)
{
    return "leak:libfcgi";
}

static void nothing(void)
{
}

/* The answer is read by nobody: the peer's end is closed later, and has room for it. */
static void serve(struct channel *channel)
{
    for (char **v = channel->variables; *v; v++)
        touch(span_str(*v));
    channel_send(channel, span_str("Status: 204 No Content\r\n\r\n"), SPAN_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct span bytes = span_of(data, size);
    int ends[2];
    if (!ready) {
        aside_open(30);
        fastcgi_start(nothing);
        ready = true;
    }
    enum records records = records_look(bytes, LOOK_MAX);
    if (size && records == RECORDS_PART)
        require(records_look(span_of(data, size - 1), LOOK_MAX) == RECORDS_PART);
    if (records == RECORDS_BAD)
        return 0;
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    require(write(ends[0], data, size) == (ssize_t)size);
    shutdown(ends[0], SHUT_WR);
    struct arrival arrival = {.connection = ends[1]};
    struct channel *channel = fastcgi_channel(&arrival, 1);
    if (channel)
        serve(channel);
    close(ends[0]);
    return 0;
}
