/*
 * config_fuzz - any bytes as fx.conf: they are read, or refused with a reason of one line.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "home/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[64];
    struct buf why = BUF_INIT;
    struct config config;
    if (fd < 0)
        fd = memfd_create("fx.conf", MFD_CLOEXEC);
    require(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    config_defaults(&config);
    enum err err = config_read(path, &config, &why);
    require(err == ERR_OK || err == ERR_INVALID);
    require((err == ERR_OK) == (why.len == 0));
    require(!why.len || !memchr(why.data, '\n', why.len));
    require(memchr(config.http_allow, 0, sizeof config.http_allow));
    buf_done(&why);
    return 0;
}
