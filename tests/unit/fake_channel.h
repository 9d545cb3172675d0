#ifndef FAKE_CHANNEL_H
#define FAKE_CHANNEL_H
/*
 * fake_channel - a peer for tests: it sends the variables and the body it was
 * given, in pieces as small as it likes, and keeps the reply.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "web/channel.h"

struct fake {
    struct channel channel;
    char *variables[32];
    size_t variable_count;
    struct span body;
    size_t taken;  /* of the body */
    size_t piece;  /* at most so many bytes a read; 0: as many as there is room for */
    bool goes_off; /* at the end of the body, instead of ending it */
    unsigned reads, replies;
    bool drained; /* the body had been read to its end when the reply came */
    struct buf reply;
};

static inline ssize_t fake_read(struct channel *channel, void *buffer, size_t len)
{
    struct fake *fake = (struct fake *)channel;
    size_t left = fake->body.len - fake->taken, n = len < left ? len : left;
    fake->reads++;
    if (!left)
        return fake->goes_off ? -1 : 0;
    if (fake->piece && n > fake->piece)
        n = fake->piece;
    memcpy(buffer, fake->body.data + fake->taken, n);
    fake->taken += n;
    return (ssize_t)n;
}

static inline void fake_send(struct channel *channel, struct span head, struct span body)
{
    struct fake *fake = (struct fake *)channel;
    fake->replies++;
    fake->drained = channel->ended;
    buf_clear(&fake->reply);
    buf_add_span(&fake->reply, head);
    buf_add_span(&fake->reply, body);
}

static inline void fake_init(struct fake *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->channel =
        (struct channel){.variables = fake->variables, .read = fake_read, .send = fake_send};
}

static inline void fake_done(struct fake *fake)
{
    for (size_t i = 0; i < fake->variable_count; i++)
        free(fake->variables[i]);
    buf_done(&fake->reply);
}

/* "NAME=value"; the order in which they are added is the order in which they come. */
static inline void fake_variable(struct fake *fake, const char *variable)
{
    assert_true(fake->variable_count < 31);
    fake->variables[fake->variable_count++] = mem_strdup(variable);
}

static inline void fake_set(struct fake *fake, const char *name, const char *value)
{
    struct buf text = BUF_INIT;
    buf_printf(&text, "%s=%s", name, value);
    fake_variable(fake, buf_text(&text));
    buf_done(&text);
}

/* The status that was replied, exactly once. */
static inline int fake_status(const struct fake *fake)
{
    int status = 0;
    assert_int_equal(fake->replies, 1);
    assert_int_equal(sscanf(buf_text(&fake->reply), "Status: %d ", &status), 1);
    return status;
}

/* A header of the reply, in one of a few buffers that are used in turn; NULL when missing. */
static inline const char *fake_header(const struct fake *fake, const char *name)
{
    static char values[4][512];
    static unsigned next;
    char *value = values[next++ % 4], line[64];
    snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *end = strstr(buf_text(&fake->reply), "\r\n\r\n");
    const char *found = strstr(buf_text(&fake->reply), line);
    assert_non_null(end);
    if (!found || found > end)
        return NULL;
    found += strlen(line);
    snprintf(value, sizeof values[0], "%.*s", (int)strcspn(found, "\r"), found);
    return value;
}

static inline struct span fake_body(const struct fake *fake)
{
    const char *end = strstr(buf_text(&fake->reply), "\r\n\r\n");
    assert_non_null(end);
    size_t head = (size_t)(end + 4 - buf_text(&fake->reply));
    return span_of(fake->reply.data + head, fake->reply.len - head);
}

/* A member of the JSON object that was replied, as text. */
static inline const char *fake_member(const struct fake *fake, const char *name)
{
    static char text[1024];
    struct json_fault fault;
    struct json_item item;
    struct buf value = BUF_INIT;
    struct span body = fake_body(fake);
    assert_true(json_check(body, JSON_DEPTH_DEFAULT, &fault));
    assert_true(json_find(body, name, &item));
    if (item.type == JSON_STRING)
        json_unescape(item.value, &value);
    else
        buf_add_span(&value, item.value);
    snprintf(text, sizeof text, "%s", buf_text(&value));
    buf_done(&value);
    return text;
}

#endif
