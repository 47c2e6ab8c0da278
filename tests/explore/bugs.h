// What the modules' BUG_ switches stand for in this build, where one of them is on at a time.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_EXPLORE_BUGS_H
#define INCLUDED_EXPLORE_BUGS_H

#include <stdbool.h>

// Whether EXPECT_FAILURE names the fault.
bool explore_bug(const char *name);

#endif // INCLUDED_EXPLORE_BUGS_H
