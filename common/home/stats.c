/* stats - see stats.h. */
#include "home/stats.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buckets.h"
#include "home/shared.h"

#define LAYOUT 1  /* of the file; one of another layout begins anew */
#define PLACES 16 /* programs */

struct stats_file {
    _Atomic uint64_t since; /* the boot that the numbers are of, and the file's layout */
    struct stats places[PLACES];
};

static struct shared shared = {
    .name = "run/stats", .what = "its numbers", .bytes = sizeof(struct stats_file)};
static struct stats_file *file;
static struct stats *mine;

/* A number that no other boot of this machine has; 1 where the system does not tell. */
static uint64_t this_boot(void)
{
    char text[9] = "";
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    return n > 0 ? strtoull(text, NULL, 16) : 1;
}

/* Is it a program's name, or none? Whoever may write into the file may have written anything. */
static bool is_name(const char name[sizeof file->places[0].program])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t size = sizeof file->places[0].program, len = strnlen(name, size);
    return len < size && strspn(name, allowed) == len;
}

static bool is_good(uint64_t since)
{
    bool good = file->since == since;
    for (size_t i = 0; i < PLACES; i++)
        good &= is_name(file->places[i].program);
    return good;
}

/* Of several processes the first empties the file. */
static void begin_anew(const struct home *home, uint64_t since)
{
    int hold = home_hold(home);
    if (!is_good(since)) {
        memset(file->places, 0, sizeof file->places);
        file->since = since;
    }
    if (hold >= 0)
        close(hold);
}

/* The place of this name; "": one that is free. NULL: there is none. */
static struct stats *place_named(const char *name)
{
    for (size_t i = 0; i < PLACES; i++)
        if (strncmp(file->places[i].program, name, sizeof file->places[i].program) == 0)
            return &file->places[i];
    return NULL;
}

/* The place of the program, which is taken where it has none; NULL where all are taken. */
static struct stats *find_place(const struct home *home, const char *program)
{
    struct stats *found = place_named(program);
    if (found)
        return found;
    int hold = home_hold(home);
    found = place_named(program);
    if (!found && (found = place_named("")))
        snprintf(found->program, sizeof found->program, "%s", program);
    if (hold >= 0)
        close(hold);
    return found;
}

void stats_open(const struct home *home, const char *program)
{
    uint64_t since = this_boot() << 8 | LAYOUT;
    file = shared_open(&shared, home);
    if (!file)
        return;
    if (!is_good(since))
        begin_anew(home, since);
    mine = find_place(home, program);
}

static void add(_Atomic uint64_t *number, uint64_t amount)
{
    atomic_fetch_add_explicit(number, amount, memory_order_relaxed);
}

static void add_time(struct histogram *histogram, int64_t us)
{
    uint64_t time = us > 0 ? (uint64_t)us : 0;
    add(&histogram->buckets[buckets_find(time, STATS_TIME_UNIT_US, STATS_BUCKETS)], 1);
    add(&histogram->sum, time);
}

void stats_request(int status, int64_t us)
{
    if (!mine)
        return;
    shared_tell_loss(&shared);
    unsigned index = (unsigned)status - STATS_STATUS_FIRST;
    if (index < STATS_STATUSES)
        add(&mine->statuses[index], 1);
    add_time(&mine->request_us, us);
}

void stats_repeat(void)
{
    if (mine)
        add(&mine->repeats, 1);
}

void stats_commit(size_t mutations, int64_t took_us, int64_t now_us, enum err err)
{
    if (!mine)
        return;
    if (err) {
        add(&mine->commits_failed, 1);
        mine->failed_us = now_us;
        return;
    }
    mine->committed_us = now_us;
    add_time(&mine->commit_us, took_us);
    add(&mine->commit_mutations.buckets[buckets_find(mutations, 1, STATS_BUCKETS)], 1);
    add(&mine->commit_mutations.sum, mutations);
}

void stats_each(void (*visit)(const struct stats *stats, void *context), void *context)
{
    for (size_t i = 0; file && i < PLACES; i++)
        if (*file->places[i].program && is_name(file->places[i].program))
            visit(&file->places[i], context);
}
