// A failed assertion of the code under test fails the explorer's run.
//
// This file is part of micropython-threading, MIT licence.
#include "explore.h"
#undef assert
#define assert(cond) EXPLORE_ASSERT(cond)
