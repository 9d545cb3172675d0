/* route - see route.h. */
#include "web/route.h"

#include <string.h>

bool route_matches(const char *pattern, struct span path, struct span ret_params[ROUTE_PARAMS_MAX])
{
    size_t at = 0, params = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (at == path.len || path.data[at] != (uint8_t)*pattern)
                return false;
            pattern++;
            at++;
            continue;
        }
        size_t from = at;
        while (at < path.len && path.data[at] != '/')
            at++;
        if (at == from || params == ROUTE_PARAMS_MAX)
            return false;
        ret_params[params++] = span_of(path.data + from, at - from);
        pattern = strchr(pattern, '}') + 1;
    }
    return at == path.len;
}

bool route_is_known(const struct program *program, struct span path)
{
    struct span params[ROUTE_PARAMS_MAX];
    for (size_t i = 0; i < program->route_count; i++)
        if (route_matches(program->routes[i].pattern, path, params))
            return true;
    return false;
}

static bool method_is(const struct request *request, const char *method)
{
    return strcmp(request->method, method) == 0 ||
           (strcmp(request->method, "HEAD") == 0 && strcmp(method, "GET") == 0);
}

const struct route *route_find(struct request *request)
{
    const struct program *program = request->program;
    struct buf allow = BUF_INIT;
    for (size_t i = 0; i < program->route_count; i++) {
        const struct route *route = &program->routes[i];
        if (!route_matches(route->pattern, request->path, request->params))
            continue;
        if (method_is(request, route->method)) {
            buf_done(&allow);
            return route;
        }
        bool get = strcmp(route->method, "GET") == 0;
        buf_printf(&allow, "%s%s%s", allow.len ? ", " : "", route->method, get ? ", HEAD" : "");
    }
    if (!allow.len) {
        reply_problem(request, 404, "There is nothing at this path.");
    } else {
        reply_header(request, "Allow", buf_text(&allow));
        reply_problem(request, 405, "This path takes %s.", buf_text(&allow));
    }
    buf_done(&allow);
    return NULL;
}
