/* fxctl - the command line of a home. */
#include "base/log.h"

int main(void)
{
    log_open("fxctl");
    return 2;
}
