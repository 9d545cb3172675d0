#ifndef RUNNER_HTTP_STEP_H
#define RUNNER_HTTP_STEP_H
/*
 * http_step - a step that posts the event to a URL. The request is made by fx-http,
 * a process of its own that each runner starts with its first HTTP step and keeps: so
 * runners of scripts load neither libcurl nor libcrypto, and what a server does to
 * either is the end of a process that is started again. What is sent and how a reply
 * counts is in http_call.h.
 */
#include "runner/step.h"

void http_step_run(const struct step_call *call, struct step_end *end);

/* Ends fx-http, where it runs. */
void http_step_end(void);

#endif
