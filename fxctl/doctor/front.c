/*
 * front - see checks.h. Does the web server answer, and hand requests on as they came? The requests
 * bring no credential that is one: what the programs say to them tells what they have been given.
 */
#include <string.h>

#include "base/url.h"
#include "fxctl/doctor/checks.h"
#include "fxctl/doctor/fetch.h"

/* What a web server is told so that it does as the shipped configurations have it. */
enum remedy { PASS_AUTHORIZATION, PASS_HEADERS, KEEP_PATH, NO_TRACE, PASS_METHODS, HAND_ON_HEALTH };

static const struct server {
    const char *name; /* as it begins the header Server; "": any other */
    const char *file; /* of FX Bridge, with all of its configuration */
    const char *lines[HAND_ON_HEALTH + 1];
} servers[] = {
    {"Apache", "apache/server.conf",
        {[PASS_AUTHORIZATION] = "CGIPassAuth On",
            [KEEP_PATH] = "MergeSlashes Off",
            [NO_TRACE] = "TraceEnable Off",
            [HAND_ON_HEALTH] = "ScriptAlias \"/health\" \"${FX_CGI_BIN}/ops.fcgi\""}},
    {"nginx", "nginx/server.conf", {[KEEP_PATH] = "merge_slashes off;"}},
    {"lighttpd", "lighttpd/lighttpd.conf",
        {[KEEP_PATH] = "server.http-parseopts += (\"url-normalize\" => \"disable\")"}},
    {"", "the README of your web server", {0}},
};

/* What is asked, and which replies say that something is wrong. */
static const struct probe {
    const char *method, *path, *headers;
    int right, wrong; /* statuses; 0: any that is not right is wrong */
    const char *text; /* is in a wrong reply, whatever its status; NULL */
    enum gravity gravity;
    const char *what;
    enum remedy remedy;
} probes[] = {
    {"GET", "/fx/executions", "X-API-KEY: doctor,doctor\r\n", 0, 401, NULL, WRONG,
        "keeps X-API-KEY from the programs, so that no key arrives", PASS_HEADERS},
    {"GET", "/fx/executions", "X-API-KEY: doctor\r\n", 0, 400, NULL, WRONG,
        "sends X-API-KEY on twice, which the programs refuse", PASS_HEADERS},
    {"GET", "/fx/executions", "Authorization: Bearer doctor,Bearer doctor\r\n", 0, 401, NULL, WRONG,
        "keeps Authorization from the programs, so that no bearer token arrives",
        PASS_AUTHORIZATION},
    {"GET", "/fx/executions", "Authorization: Bearer doctor\r\n", 0, 400, NULL, WRONG,
        "sends Authorization on twice, which the programs refuse", PASS_HEADERS},
    {"PUT", "/api/v1/pipelines/doctor", "", 401, 0, NULL, WRONG,
        "does not let PUT through to the programs", PASS_METHODS},
    {"DELETE", "/api/v1/pipelines/doctor", "", 401, 0, NULL, WRONG,
        "does not let DELETE through to the programs", PASS_METHODS},
    {"TRACE", "/fx/executions", "X-API-KEY: doctor-trace\r\n", 0, -1, "doctor-trace", WRONG,
        "answers TRACE with the headers that came, the key among them", NO_TRACE},
    {"GET", "/fx//executions", "", 0, 401, NULL, NOTED,
        "makes one of two slashes, and so another path than was sent", KEEP_PATH},
    {"GET", "/health/live", "", 200, 0, NULL, NOTED,
        "does not hand /health on to the program ops, for monitors", HAND_ON_HEALTH},
};

static const struct server *server_of(const struct fetched *fetched)
{
    const struct server *server = servers;
    struct span name = fetch_header(fetched, "Server");
    while (*server->name && !span_starts(name, span_str(server->name)))
        server++;
    return server;
}

static bool is_wrong(const struct probe *probe, const struct fetched *fetched)
{
    if (probe->text)
        return strstr(buf_text(&fetched->text), probe->text);
    return probe->wrong ? fetched->status == probe->wrong : fetched->status != probe->right;
}

static void find_wrong(
    struct visit *visit, const struct probe *probe, const struct fetched *fetched)
{
    const struct server *server = server_of(fetched);
    const char *line = server->lines[probe->remedy];
    struct finding *f = visit_find(visit, probe->gravity, visit->url,
        "the web server at %s %s; configure it as %s has it%s", visit->url, probe->what,
        server->file, line ? ", with this line:" : "");
    if (line)
        mend_with(f, line, NULL);
    f->is_verbatim = true;
}

static void ask(struct visit *visit, struct span url, const struct probe *probe)
{
    struct fetched fetched;
    struct buf why = BUF_INIT;
    if (fetch(url, probe->method, probe->path, probe->headers, &fetched, &why) &&
        is_wrong(probe, &fetched))
        find_wrong(visit, probe, &fetched);
    fetch_done(&fetched);
    buf_done(&why);
}

/* Is it FX Bridge that answers there? */
static bool answers(struct visit *visit, struct span url)
{
    struct fetched fetched;
    struct buf why = BUF_INIT;
    bool good = fetch(url, "GET", "/fx/openapi.json", "", &fetched, &why);
    bool ours = good && fetched.status == 200 && strstr(buf_text(&fetched.text), "\"openapi\"");
    if (!good)
        visit_find(visit, WRONG, visit->url,
            "nothing answers at %s: %s; start the web server, or give another --url", visit->url,
            buf_text(&why));
    else if (!ours)
        visit_find(visit, WRONG, visit->url,
            "what answers at %s is no FX Bridge: /fx/openapi.json is %d; configure the web server "
            "as %s has it, and see the programs' log for what they say",
            visit->url, fetched.status, server_of(&fetched)->file);
    fetch_done(&fetched);
    buf_done(&why);
    return ours;
}

void front_look(struct visit *visit)
{
    const char *given = fxctl_option(visit->ctl, "url");
    visit->url = given ? given : visit->home.config.web_public_url;
    struct span url = url_root(span_str(visit->url));
    if (!*visit->url)
        visit_skip(visit, "say where the web server answers, as in --url http://127.0.0.1:8080");
    else if (!fetch_can(span_str(visit->url)))
        visit_skip(visit, "only http:// can be asked; --url has the web server behind TLS");
    else if (answers(visit, url))
        for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
            ask(visit, url, &probes[i]);
}
