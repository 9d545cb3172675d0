/* fetch - see fetch.h. */
#include "fxctl/doctor/fetch.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/url.h"

#define SCHEME "http://"

bool fetch_can(struct span url)
{
    return !url_fault(url) && url.len >= strlen(SCHEME) &&
           strncasecmp((const char *)url.data, SCHEME, strlen(SCHEME)) == 0;
}

/* "host:port" of the URL, taken apart. The caller frees the host. */
static char *host_of(struct span url, char ret_port[8])
{
    struct span rest = span_of(url.data + strlen(SCHEME), url.len - strlen(SCHEME));
    const uint8_t *slash = memchr(rest.data, '/', rest.len);
    char *host = span_dup(span_of(rest.data, slash ? (size_t)(slash - rest.data) : rest.len));
    char *bracket = strchr(host, ']'), *colon = strrchr(bracket ? bracket : host, ':');
    snprintf(ret_port, 8, "%.5s", colon && colon[1] ? colon + 1 : "80");
    if (colon)
        *colon = 0;
    if (bracket) {
        *bracket = 0;
        memmove(host, host + 1, strlen(host));
    }
    return host;
}

static int connect_one(const struct addrinfo *at)
{
    const struct timeval limit = {.tv_sec = FETCH_SECONDS};
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error == EINPROGRESS ? ETIMEDOUT : error;
    return -1;
}

static int connect_to(struct span url, struct buf *why)
{
    char port[8];
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM};
    char *host = host_of(url, port);
    int fd = -1, rc = getaddrinfo(host, port, &hints, &found);
    if (rc) {
        buf_add_str(why, gai_strerror(rc));
    } else {
        for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
            fd = connect_one(at);
        if (fd < 0)
            buf_add_str(why, strerror(errno));
        freeaddrinfo(found);
    }
    free(host);
    return fd;
}

static void write_request(
    struct span url, const char *method, const char *path, const char *headers, struct buf *out)
{
    struct span base = url_path(url_root(url));
    char port[8], *host = host_of(url, port);
    buf_printf(out, "%s %.*s%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method,
        (int)base.len, base.len ? (const char *)base.data : "", path, host);
    buf_printf(out, "Content-Length: 0\r\n%s\r\n", headers);
    free(host);
}

static bool exchange(int fd, const struct buf *request, struct buf *reply)
{
    char part[4096];
    ssize_t n = send(fd, request->data, request->len, MSG_NOSIGNAL);
    if (n != (ssize_t)request->len)
        return false;
    while (reply->len < FETCH_BYTES && (n = recv(fd, part, sizeof part, 0)) > 0)
        buf_add(reply, part, (size_t)n);
    return reply->len || n == 0;
}

bool fetch(struct span url, const char *method, const char *path, const char *headers,
    struct fetched *ret_fetched, struct buf *why)
{
    struct buf request = BUF_INIT;
    *ret_fetched = (struct fetched){0};
    int fd = connect_to(url, why);
    if (fd < 0)
        return false;
    write_request(url, method, path, headers, &request);
    bool good = exchange(fd, &request, &ret_fetched->text);
    if (!good)
        buf_add_str(why, strerror(errno));
    else if (sscanf(buf_text(&ret_fetched->text), "HTTP/1.%*d %d", &ret_fetched->status) != 1)
        ret_fetched->status = 0;
    buf_done(&request);
    close(fd);
    return good;
}

void fetch_done(struct fetched *fetched)
{
    buf_done(&fetched->text);
}

struct span fetch_header(const struct fetched *fetched, const char *name)
{
    size_t len = strlen(name);
    const char *line = strstr(buf_text(&fetched->text), "\r\n");
    for (; line && strncmp(line, "\r\n\r\n", 4) != 0; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        line += len + 1;
        line += strspn(line, " ");
        return span_of(line, strcspn(line, "\r\n"));
    }
    return SPAN_NONE;
}
