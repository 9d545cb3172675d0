/* http_client - see http_client.h. */
#include "http/http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/version.h"

#define KEPT_CONNECTIONS 4L
#define POLL_MS 1000              /* libcurl looks sooner where it has a timeout of its own */
#define CLOCK_SLACK_MS 20         /* libcurl rounds its times */
#define LONGEST_RETRY_AFTER 86400 /* seconds; no pipeline waits longer */

/*
 * Keeps connections from one request to the next. Each request has a handle of its own: what a
 * used one keeps of the headers before points to freed memory (PLATFORM.md).
 */
static CURLM *connections;

struct exchange {
    CURL *curl;
    const struct http_request *request;
    struct http_reply *reply;
    size_t received;
    bool has_head; /* the reply's headers are whole, which libcurl does not check */
    bool opened;   /* a connection to an allowed address was tried */
    char refused[INET6_ADDRSTRLEN]; /* the last address that is not allowed */
    char error[CURL_ERROR_SIZE];
};

/* Called with the resolved address. The socket it returns is connected to that very address. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *x = context;
    if (purpose != CURLSOCKTYPE_IPCXN || !address_allowed(&address->addr, x->request->allowed)) {
        address_format(&address->addr, x->refused);
        return CURL_SOCKET_BAD;
    }
    x->opened = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* An empty line ends the headers; after those of a 1xx reply others follow. */
static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    struct exchange *x = context;
    size_t len = size * count;
    long status = 0;
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    x->has_head |= status >= 200 && len && (*line == '\r' || *line == '\n');
    return len;
}

/* Taking less than all makes libcurl give up with CURLE_WRITE_ERROR. */
static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *x = context;
    size_t len = size * count, room = x->request->keep_bytes - x->reply->body.len;
    buf_add(&x->reply->body, bytes, len < room ? len : room);
    x->reply->cut |= len > room;
    x->received += len;
    return x->received > RESPONSE_MAX ? 0 : len;
}

static void open_client(void)
{
    if (connections)
        return;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(connections = curl_multi_init()))
        log_die(EXIT_RETRY, "libcurl cannot be used");
    curl_multi_setopt(connections, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
}

static void set_policy(struct exchange *x)
{
    CURL *curl = x->curl;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* nor a proxy from the environment */
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, x);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    /* A name server that does not answer is not waited for beyond the timeout. */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "fxbridge/" FX_VERSION);
}

static void set_request(struct exchange *x, struct curl_slist *headers)
{
    CURL *curl = x->curl;
    const struct http_request *r = x->request;
    curl_easy_setopt(curl, CURLOPT_URL, r->url);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body.len ? (const char *)r->body.data : "");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, x->error);
}

static void set_reply(struct exchange *x, CURLcode code, bool out_of_time)
{
    struct http_reply *reply = x->reply;
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(x->curl, CURLINFO_RETRY_AFTER, &retry_after);
    reply->status = (int)status;
    if (retry_after > LONGEST_RETRY_AFTER)
        retry_after = LONGEST_RETRY_AFTER;
    reply->retry_after_ms = retry_after > 0 ? (int64_t)retry_after * 1000 : 0;
    if (code == CURLE_OK && x->has_head) {
        reply->end = HTTP_REPLIED;
    } else if (code == CURLE_OK) {
        reply->end = HTTP_FAILED;
        snprintf(reply->error, sizeof reply->error, "it ended within its headers");
    } else if (x->received > RESPONSE_MAX) {
        reply->end = HTTP_TOO_LONG;
    } else if (code == CURLE_OPERATION_TIMEDOUT && out_of_time) {
        reply->end = HTTP_TIMED_OUT;
    } else if (*x->refused && !x->opened) {
        reply->end = HTTP_NOT_ALLOWED;
        snprintf(reply->error, sizeof reply->error, "%s", x->refused);
    } else {
        reply->end = HTTP_FAILED;
        snprintf(reply->error, sizeof reply->error, "%s",
            *x->error ? x->error : curl_easy_strerror(code));
    }
}

/* Has the exchange, and waits for its end. */
static CURLcode perform(CURL *curl)
{
    int running = 0, left;
    CURLMcode code = curl_multi_add_handle(connections, curl);
    while (!code && !curl_multi_perform(connections, &running) && running)
        code = curl_multi_poll(connections, NULL, 0, POLL_MS, NULL);
    const CURLMsg *message = curl_multi_info_read(connections, &left);
    CURLcode result = message ? message->data.result : CURLE_FAILED_INIT;
    curl_multi_remove_handle(connections, curl);
    return result;
}

void http_post(const struct http_request *request, struct http_reply *ret_reply)
{
    struct exchange x = {.request = request, .reply = ret_reply};
    struct curl_slist *headers = NULL;
    *ret_reply = (struct http_reply){.end = HTTP_FAILED};
    open_client();
    x.curl = curl_easy_init();
    if (!x.curl)
        log_die(EXIT_RETRY, "libcurl cannot be used");
    for (size_t i = 0; i < request->header_count; i++)
        headers = curl_slist_append(headers, request->headers[i]);
    set_policy(&x);
    set_request(&x, headers);
    int64_t start_ms = clock_mono_ms();
    CURLcode code = perform(x.curl);
    set_reply(&x, code, clock_mono_ms() - start_ms >= request->timeout_ms - CLOCK_SLACK_MS);
    curl_easy_cleanup(x.curl);
    curl_slist_free_all(headers);
}

void http_client_close(void)
{
    if (!connections)
        return;
    curl_multi_cleanup(connections);
    curl_global_cleanup();
}
