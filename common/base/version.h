#ifndef BASE_VERSION_H
#define BASE_VERSION_H
/*
 * version - the release that every program of this tree belongs to.
 */

#define FX_VERSION "0.3.0"

#endif
