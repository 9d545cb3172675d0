#ifndef HOME_NEED_H
#define HOME_NEED_H
/*
 * need - a program that serves strangers keeps what it needs, and gives up all else once it
 * has opened its home and its store.
 *
 * What is open stays open. Beside that it may from then on: write its log, read the fx.conf
 * that is there now, see in /proc who has started whom, and what is named below. It starts
 * no program and no process, signals and looks into none, and opens no other file, outside
 * the home either. Landlock and seccomp see to that, where the kernel has them.
 *
 * One limit stands: who reads the store has db/lock.mdb open for writing, as every reader
 * has (store/PLATFORM.md), and run/meters and run/stats. A program that is taken over can do
 * harm with these, though neither write an event nor read the key.
 */
#include "home/home.h"

enum need {
    NEED_STATE = 1,   /* looks into run/, whether the dispatcher lives */
    NEED_WAKE = 2,    /* tells the dispatcher of news */
    NEED_KEY = 4,     /* opens or seals secrets: reads secret.key, also one that takes its place */
    NEED_OUTSIDE = 8, /* reads what lies outside the home */
};

/* What cannot be given up is logged. Before the process has a second thread. */
void need_only(const struct home *home, unsigned needs);

#endif
