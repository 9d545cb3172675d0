#ifndef FXCTL_DOCTOR_CHECKS_H
#define FXCTL_DOCTOR_CHECKS_H
/*
 * checks - what doctor looks at, a function each. doctor.c has their order and what they are
 * called; each stands in the file of its theme.
 */
#include "fxctl/doctor/visit.h"

visit_check place_look; /* is there a home, and is it the one that is meant? */
visit_check settings_look;
visit_check owners_look;
visit_check disk_look;
visit_check secrets_look;
visit_check database_look; /* opens the store, for those behind it */
visit_check steps_look;
visit_check dispatcher_look;
visit_check front_look;     /* asks the web server */
visit_check libraries_look; /* versions that have known faults */
visit_check leftovers_look; /* sockets and files that nobody uses any more */

#endif
