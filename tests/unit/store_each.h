#ifndef STORE_EACH_H
#define STORE_EACH_H
/*
 * store_each - a store of its own for each test of a file: t. For
 * cmocka_unit_test_setup_teardown.
 */
#include "temp_store.h"

static struct temp_store t;

static int setup(void **state)
{
    (void)state;
    temp_store_make(&t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_store_remove(&t);
    return 0;
}

#endif
