#ifndef HOME_SUMMON_H
#define HOME_SUMMON_H
/*
 * summon - starts the dispatcher of a home where none runs, for homes that have
 * no process at rest (setting dispatcher.on_demand).
 *
 * The dispatcher (installed.h says where it is looked for) leaves the caller's session and
 * process group at once and holds none of its descriptors, so that neither the web server nor
 * a request waits for it (common/proc/PLATFORM.md); its log is log/dispatcher.log.
 */
#include "home/home.h"

/*
 * Splits off a small process, the herald, which starts the dispatcher when this process asks
 * for it: for a program that is going to give up starting others (need.h), since whoever is
 * started inherits what was given up. The herald holds nothing of this process and ends
 * with it. Before a store is opened and a thread is made.
 */
void summon_split(const struct home *home);

/*
 * Starts a dispatcher, at most once a second a process. ERR_OK: one was started, by
 * this call or by one shortly before; where a dispatcher runs already, the new one
 * leaves at once. ERR_NOTFOUND: the program cannot be found; logged. ERR_IO: logged.
 * Thread-safe.
 */
enum err summon_dispatcher(const struct home *home) MUST_CHECK;

#endif
