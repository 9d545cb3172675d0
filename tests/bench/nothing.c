/*
 * nothing - the yardstick: a FastCGI program that reads its request and answers
 * the same 200 each time. 32 threads, as many as the programs of the suite have
 * (fx.conf, web.threads), each in the plain loop of libfcgi. What it reaches
 * behind a front end is what is left to be reached there. Started by a front end for one request,
 * as plain CGI, it reads that and answers likewise.
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 32

/* About as long as the reply to an accepted event. */
static const char reply[] =
    "Status: 200 OK\r\nContent-Type: application/json\r\n\r\n"
    "{\"cid\":\"00000000-0000-7000-8000-000000000000\",\"eventType\":\"bench.nothing.at.all\"}";

static void *worker(void *unused)
{
    (void)unused;
    FCGX_Request request;
    char bytes[4096];
    if (FCGX_InitRequest(&request, 0, 0) != 0)
        exit(1);
    while (FCGX_Accept_r(&request) == 0) {
        while (FCGX_GetStr(bytes, (int)sizeof bytes, request.in) == (int)sizeof bytes)
            ;
        FCGX_PutStr(reply, (int)sizeof reply - 1, request.out);
        FCGX_Finish_r(&request);
    }
    exit(1);
}

static int answer_one(void)
{
    const char *length = getenv("CONTENT_LENGTH");
    char bytes[4096];
    ssize_t n = 1;
    for (long left = length ? atol(length) : 0; left > 0 && n > 0; left -= n)
        n = read(STDIN_FILENO, bytes, sizeof bytes);
    return write(STDOUT_FILENO, reply, sizeof reply - 1) < 0;
}

int main(void)
{
    pthread_t thread;
    if (FCGX_IsCGI())
        return answer_one();
    if (FCGX_Init() != 0)
        return 1;
    for (int i = 1; i < THREADS; i++)
        if (pthread_create(&thread, NULL, worker, NULL) != 0)
            return 1;
    worker(NULL);
}
