/* names - see names.h. */
#include "base/names.h"

#include <string.h>

#define BLANKS " \t"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

const char *names_next(const char *list, size_t *ret_len)
{
    list += strspn(list, BLANKS);
    *ret_len = strcspn(list, BLANKS);
    return list;
}

bool names_are_list(const char *text)
{
    size_t len;
    for (text = names_next(text, &len); len; text = names_next(text + len, &len)) {
        size_t letters = strspn(text, LETTERS);
        if (letters != len && !(letters == len - 1 && text[letters] == '*'))
            return false;
    }
    return true;
}

bool names_have(const char *list, const char *name)
{
    size_t len;
    for (list = names_next(list, &len); len; list = names_next(list + len, &len)) {
        bool beginning = list[len - 1] == '*';
        size_t letters = len - beginning;
        if (strncmp(list, name, letters) == 0 && (beginning || !name[letters]))
            return true;
    }
    return false;
}
