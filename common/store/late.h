#ifndef STORE_LATE_H
#define STORE_LATE_H
/*
 * late - takes away what LMDB would hear of a failed commit too late.
 *
 * LMDB has two descriptors of data.mdb: it writes and flushes pages through the first, then
 * writes the head through the second, which is opened with O_DSYNC. Linux reports that
 * something could not be written to the disk once for each open file (fsync(2), "EIO"; the
 * kernel's Documentation/filesystems/vfs.rst, "Handling errors during writeback"). A flush
 * that fails therefore makes the first write of a later head "fail" as well, though the head
 * has reached the disk. LMDB then puts the old head back without flushing it: the next writer
 * uses pages of a commit that the disk takes for done, and a power cut meanwhile leaves a
 * damaged store. Apart from that, LMDB gives up the environment.
 *
 * Flushing the second descriptor takes the report, so that the next head meets none.
 */
#include "home/home.h"

/* After a commit that the system has failed. Costs a look at all descriptors of the process. */
void late_take(const struct home *home);

#endif
