/*
 * sink - an HTTP server that takes all and answers 204, over kept connections. Prints
 * the port it listens on, and ends with its stdin.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64
#define ROOM (1 << 16)

static const char reply[] = "HTTP/1.1 204 No Content\r\n\r\n";

struct connection {
    char bytes[ROOM + 1];
    size_t len;
};

static struct pollfd fds[2 + CONNECTIONS]; /* stdin, the listener, and who is connected */
static struct connection connections[2 + CONNECTIONS];
static nfds_t count = 2;

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) || listen(fd, CONNECTIONS) ||
        getsockname(fd, (struct sockaddr *)&address, &len))
        exit(1);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void take_connection(void)
{
    int one = 1, fd = accept(fds[1].fd, NULL, NULL);
    if (fd < 0 || count == sizeof fds / sizeof fds[0])
        exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fds[count] = (struct pollfd){.fd = fd, .events = POLLIN};
    connections[count++].len = 0;
}

/* Answers each whole request. False when the connection is over. */
static int serve(int fd, struct connection *c)
{
    ssize_t n = read(fd, c->bytes + c->len, ROOM - c->len);
    if (n <= 0)
        return 0;
    c->len += (size_t)n;
    for (;;) {
        c->bytes[c->len] = 0;
        char *end = strstr(c->bytes, "\r\n\r\n");
        if (!end)
            return 1;
        char *field = strcasestr(c->bytes, "\r\ncontent-length:");
        size_t body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
        size_t whole = (size_t)(end + 4 - c->bytes) + body;
        if (whole > ROOM)
            exit(1);
        if (c->len < whole)
            return 1;
        if (write(fd, reply, sizeof reply - 1) != sizeof reply - 1)
            return 0;
        c->len -= whole;
        memmove(c->bytes, c->bytes + whole, c->len);
    }
}

int main(void)
{
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = listen_anywhere(), .events = POLLIN};
    while (poll(fds, count, -1) > 0 && !fds[0].revents) {
        if (fds[1].revents)
            take_connection();
        for (nfds_t i = 2; i < count; i++) {
            if (!fds[i].revents || serve(fds[i].fd, &connections[i]))
                continue;
            close(fds[i].fd);
            fds[i] = fds[--count];
            connections[i] = connections[count];
            i--;
        }
    }
    return 0;
}
