// Before everything else in py/builtinimport.c. Each import under way has a path of this many bytes
// on its stack, the main thread of a program that was started with -m for ever: the port's 4096 leave
// a thread 25 imports within each other. A longer path is an error.
//
// This file is part of micropython-threading, MIT licence.

#include <limits.h>
#undef PATH_MAX
#define PATH_MAX 1024
