#ifndef RUNNER_ROOM_H
#define RUNNER_ROOM_H
/*
 * room - where a script is at home: its work directory, and the rules (home/confine.h)
 * that keep it there.
 *
 * A runner has run/work/<its process number> in the home, and in it a directory for the
 * scripts of the execution at hand, which has nothing but a desk in it when an execution begins,
 * and one for each persistent script, which stays as long as that script's process. What a runner
 * that was killed has left is removed by the next one that starts a script.
 */
#include <sys/types.h>

#include "home/account.h"
#include "home/home.h"
#include "home/outside.h"
#include "runner/desk.h"

struct room {
    char dir[PATH_MAX]; /* "" where none could be made; logged */
    int fd;             /* the directory; -1 where there is none */
    int rules;          /* for confine_enter */
    int64_t ruled_ms;   /* when they were made, as clock_mono_ms counts; 0: never */
    struct outside outside;
    ino_t scripts;    /* the directory that they allow */
    int64_t look_ms;  /* when to look next how much is in it, likewise; 0: no script has begun */
    struct desk desk; /* of the room of executions */
    const struct home *home;
};

/* Called before any other, where scripts run under another account: theirs the rooms are. */
void room_give(const struct account *account);

/* Whom the script runs as: the account of room_give, or NULL for the runner's own. */
const struct account *room_account(const struct home *home, const char *script);

/* The room of scripts that serve one execution. */
struct room *room_of_execution(const struct home *home);

/* A room for a persistent script. */
void room_open(struct room *room, const struct home *home);
void room_close(struct room *room);

/* Opens what lies in it for a step (desk.h). False where nothing can. */
bool room_open_desk(struct room *room, struct span context, struct desk_ends *ret_ends);

/* Makes the rules, anew where something new lies outside the home. False with errno, logged. */
bool room_make_rules(struct room *room);

/*
 * Is more in the room than it may hold ([step] work_bytes)? Looks at most once a second, the first
 * time a second after the room was given to a script, so that most scripts are never looked at.
 * Without a room (NULL) nothing is looked at.
 */
bool room_is_overfull(struct room *room, int64_t now_ms);

/* How long poll(2) may wait until a time or the next look, both as clock_mono_ms counts. */
int room_wait_ms(struct room *room, int64_t now_ms, int64_t until_ms);

void room_tidy(void); /* after an execution: what its scripts have left is removed */
void room_rest(void); /* before the runner waits for another one: nothing of it is kept */
void room_end(void);  /* at the end of the runner */

#endif
