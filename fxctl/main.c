/*
 * fxctl - the command line of a home: makes the home, and does what a client or an operator
 * can do, on the home's store directly.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fresh.h"
#include "base/log.h"
#include "base/version.h"
#include "fxctl/help.h"
#include "fxctl/options.h"

static const struct command *const groups[] = {
    init_commands,
    upgrade_commands,
    key_commands,
    secret_commands,
    step_secret_commands,
    rekey_commands,
    pipeline_commands,
    trigger_commands,
    publish_commands,
    verify_commands,
    event_commands,
    erasure_commands,
    tail_commands,
    execution_commands,
    execution_log_commands,
    action_commands,
    dead_letter_commands,
    pause_commands,
    status_commands,
    audit_commands,
    retention_commands,
    doctor_commands,
    completion_commands,
    man_commands,
    NULL,
};

static int run(struct fxctl *ctl)
{
    if (ctl->version) {
        puts("fxctl " FX_VERSION);
        return EXIT_DONE;
    }
    if (ctl->help) {
        help_print(groups, ctl);
        return EXIT_DONE;
    }
    return ctl->command->run(ctl);
}

int main(int argc, char **argv)
{
    struct fxctl ctl;
    struct sigaction too_large;
    log_open("fxctl");
    log_to_person();
    /* Who ignores SIGXFSZ wants a write beyond a limit to fail and to be told of it. */
    sigaction(SIGXFSZ, NULL, &too_large);
    fresh_begin();
    sigaction(SIGXFSZ, &too_large, NULL);
    int status = options_parse(groups, argc, argv, &ctl);
    if (!status)
        status = run(&ctl);
    /* An answer that did not get out is no answer. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fxctl_say("fxctl: cannot write to standard output: %s", strerror(errno));
        status = EXIT_RETRY;
    }
    /* One-shot processes leave the environment as it is (store/store.h). */
    _exit(status);
}
