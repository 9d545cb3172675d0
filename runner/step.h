#ifndef RUNNER_STEP_H
#define RUNNER_STEP_H
/*
 * step - what every kind of step is given, and what it hands back. The kinds are
 * script.h, persistent.h and http_step.h; steps that publish need no more than attempt.c.
 */
#include "home/home.h"
#include "model/event.h"
#include "model/pipeline.h"
#include "proc/frame.h"
#include "runner/child.h"
#include "runner/link.h"
#include "runner/room.h"
#include "runner/saved.h"

/* Whose time is up first. */
enum limit {
    LIMIT_STEP,
    LIMIT_ATTEMPT,
    LIMIT_EXECUTION, /* of all attempts: none follows */
};

struct live;

/* What a step is given; all of it is borrowed. */
struct step_call {
    const struct home *home;
    const struct frame_job *job;
    const struct pipeline *pipeline;
    const struct step *step;
    const struct event *event;
    struct span event_text; /* the event in the CloudEvents JSON format */
    struct saved *saved;    /* what the steps have saved and emitted; this step adds to it */
    struct live *live;      /* what is told of the attempt (live.h) */
    int64_t timeout_ms;     /* what is left to the step */
    enum limit limit;       /* whose time that is */
};

struct step_end {
    bool failed;            /* error says why */
    bool final;             /* the step has failed, and trying again is no use */
    bool abandoned;         /* the dispatcher has gone away: there is nobody to tell */
    int64_t retry_after_ms; /* try again no sooner; 0: as the pipeline says */
    int exit_code;          /* -1: none */
    struct buf log;
    struct buf error; /* begins with the step's name */
};

/* Fails the step with a text, which is put behind "step NAME: ". */
void step_fail(struct step_end *end, const struct step_call *call, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Fails a step that took too long: with "DID 5 seconds and THEN" where the step's own time was
 * up, else with "THEN when the attempt's 60 seconds were over", or the execution's.
 */
void step_time_out(
    struct step_end *end, const struct step_call *call, const char *did, const char *then);

/* Fails a step whose script was killed for what it had put into its room. */
void step_overfill(struct step_end *end, const struct step_call *call);

/* Ends a step that the dispatcher does not want any more (word is not LINK_NOTHING). */
void step_interrupt(struct step_end *end, const struct step_call *call, enum link_word word);

/* The path of the step's script. */
void step_script_path(const struct step_call *call, char ret_path[PATH_MAX]);

/*
 * Fills in how the step's script is confined: in this room, or not at all where the
 * operator has exempted it. False with an errno when that cannot be done.
 */
bool step_keep_in(
    const struct step_call *call, struct room *room, struct child_spec *spec, int *ret_error);

/* False when others than the owner of the home can write the script; the step then has failed. */
bool step_is_trusted(const struct step_call *call, struct step_end *end);

/* False when this system cannot confine the script as it must be; the step then has failed. */
bool step_can_be_confined(const struct step_call *call, struct step_end *end);

/* Fails a step whose script could not be started, for this errno. */
void step_not_started(struct step_end *end, const struct step_call *call, int error);

#endif
