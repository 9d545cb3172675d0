/* directory - see directory.h. */
#include "base/directory.h"

#include <string.h>

bool directory_is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

struct dirent *directory_next(DIR *dir)
{
    struct dirent *entry = readdir(dir);
    while (entry && directory_is_dots(entry->d_name))
        entry = readdir(dir);
    return entry;
}
