/* disk - see disk.h. */
#include "home/disk.h"

#include <stddef.h>
#include <sys/vfs.h>

bool disk_is_network(const char *path)
{
    /* NFS, SMB, CIFS, SMB2, FUSE, 9P, AFS, Ceph, Plan 9's other, NCP (statfs(2)) */
    static const long magics[] = {0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x65735546, 0x01021997,
        0x5346414f, 0x00c36400, 0x0bd00bd0, 0x564c};
    struct statfs fs;
    if (statfs(path, &fs) < 0)
        return false;
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if ((long)fs.f_type == magics[i])
            return true;
    return false;
}
