/* headers - see headers.h. */
#include "model/headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFIX "HTTP_"
#define CONTENT_TYPE "CONTENT_TYPE="

/* A character of a header's name, as it stands in the variable's. */
static char in_variable(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return c;
    return '_';
}

/* Is the variable, "HTTP_X_HUB_SIGNATURE_256=…", the header of this name, "x-hub-signature-256"? */
static bool is_named(const char *variable, const char *name)
{
    if (strncmp(variable, PREFIX, strlen(PREFIX)) != 0)
        return false;
    for (variable += strlen(PREFIX); *name && *variable != '='; name++, variable++)
        if (*variable != in_variable(*name))
            return false;
    return !*name && *variable == '=';
}

struct span headers_find(char *const *variables, const char *name, bool *ret_twice)
{
    struct span value = SPAN_NONE;
    size_t seen = 0;
    for (; variables && *variables; variables++)
        if (is_named(*variables, name) && seen++ == 0)
            value = span_str(strchr(*variables, '=') + 1);
    *ret_twice |= seen > 1;
    return value;
}

/* The value of the variable that begins so; empty where there is none. */
static struct span find_variable(char *const *variables, const char *begins)
{
    for (; variables && *variables; variables++)
        if (strncmp(*variables, begins, strlen(begins)) == 0)
            return span_str(*variables + strlen(begins));
    return SPAN_NONE;
}

struct span headers_of_signature(char *const *variables, const char *name, bool *ret_twice)
{
    if (strcmp(name, "content-type") == 0)
        return find_variable(variables, CONTENT_TYPE);
    struct span value = headers_find(variables, name, ret_twice);
    if (!value.len && strcmp(name, "authorization") == 0)
        value = find_variable(variables, "REDIRECT_HTTP_AUTHORIZATION=");
    return value;
}

struct header {
    struct span name;
    struct buf variable;
};

static bool is_same(struct span a, struct span b)
{
    return a.len == b.len && strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

static bool is_content_type(struct span name)
{
    return is_same(name, span_str("content-type"));
}

static struct header *find_received(const struct headers *headers, struct span name)
{
    for (size_t i = 0; i < headers->count; i++)
        if (is_same(headers->all[i].name, name))
            return &headers->all[i];
    return NULL;
}

static struct header *begin_variable(struct headers *headers, struct span name)
{
    headers->all = mem_resize(headers->all, (headers->count + 1) * sizeof *headers->all);
    headers->variables =
        mem_resize(headers->variables, (headers->count + 2) * sizeof *headers->variables);
    struct header *header = &headers->all[headers->count++];
    *header = (struct header){.name = name};
    if (!is_content_type(name))
        buf_add_str(&header->variable, PREFIX);
    for (size_t i = 0; i < name.len; i++)
        buf_add_char(&header->variable, in_variable((char)name.data[i]));
    buf_add_char(&header->variable, '=');
    headers->variables[headers->count] = NULL;
    return header;
}

bool headers_add(struct headers *headers, struct span name, struct span value)
{
    if (!value.len)
        return true;
    struct header *header = find_received(headers, name);
    if (header && is_content_type(name))
        return span_eq(find_variable(headers->variables, CONTENT_TYPE), value);
    if (header)
        buf_add_str(&header->variable, ", ");
    else
        header = begin_variable(headers, name);
    buf_add_span(&header->variable, value);
    headers->variables[header - headers->all] = (char *)header->variable.data;
    return true;
}

void headers_done(struct headers *headers)
{
    for (size_t i = 0; i < headers->count; i++)
        buf_done(&headers->all[i].variable);
    free(headers->all);
    free(headers->variables);
    *headers = (struct headers){0};
}
