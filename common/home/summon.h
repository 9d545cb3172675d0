#ifndef HOME_SUMMON_H
#define HOME_SUMMON_H
/*
 * summon - starts the dispatcher of a home where none runs, for homes that have
 * no process at rest (setting dispatcher.on_demand).
 *
 * The dispatcher is looked for beside the running executable, in ../bin and in
 * ../../bin. It leaves the caller's session and process group at once and holds
 * none of its descriptors, so that neither the web server nor a request waits
 * for it (common/proc/PLATFORM.md); its log is log/dispatcher.log.
 */
#include "home/home.h"

/*
 * ERR_OK: it was started, or another one holds or has just been given the
 * home. ERR_NOTFOUND: it cannot be found; logged. ERR_IO: logged. Thread-safe.
 */
enum err summon_dispatcher(const struct home *home) MUST_CHECK;

#endif
