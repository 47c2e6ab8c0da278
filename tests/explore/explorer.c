// The explorer of tests/native, for this build's threads.
//
// This file is part of micropython-threading, MIT licence.

#include "explore.c"
