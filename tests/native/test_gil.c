// Every interleaving of a few threads on the GIL's algorithm. Prints a line a program. With a fault of
// gil.c built in (-DBUG_GIL_...=1) and its name in EXPECT_FAILURE: whether the check finds it.
//
// This file is part of micropython-threading, MIT licence.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "futex.h"
#include "gil.c"

#define BIT(n) (1u << (n))

int64_t fake_now;

static gil_node_t nodes[EXPLORE_MAX_THREADS];
static int holder; // -1: nobody
static int done;
static bool flag; // a message between threads, under the GIL unless said otherwise
static int turns[EXPLORE_MAX_THREADS];

static void setup(void) {
    memset(&gil, 0, sizeof(gil));
    memset(nodes, 0, sizeof(nodes));
    memset(turns, 0, sizeof(turns));
    gil_request = GIL_NOBODY;
    holder = -1;
    done = 0;
    flag = false;
    fake_now = 0;
}

static void check(void) {
    EXPLORE_ASSERT(!gil.held);
    EXPLORE_ASSERT(gil.outside.head == NULL && gil.others.head == NULL);
    EXPLORE_ASSERT(gil_request == GIL_NOBODY);
}

// G1: from here to leaves() the thread is alone.
static void enters(void) {
    EXPLORE_ASSERT(holder == -1);
    holder = explore_self();
    explore_point();
}

static void leaves(void) {
    EXPLORE_ASSERT(holder == explore_self());
    holder = -1;
}

static bool nothing_pending(void) {
    return false;
}

static bool flag_pending(void) {
    explore_point();
    return flag;
}

static gil_result_t park(int who, int64_t deadline, bool (*pending)(void)) {
    leaves();
    gil_result_t result = gil_park(&nodes[who], deadline, pending);
    enters();
    return result;
}

// Take it and give it, twice.
static void body_exclusion(int who) {
    for (int i = 0; i < 2; ++i) {
        gil_acquire(&nodes[who]);
        enters();
        leaves();
        gil_release();
    }
}

// Thread 0 sleeps until thread 1 or 2 unparks it: a state, as the core has it.
static void body_unpark(int who) {
    gil_acquire(&nodes[who]);
    enters();
    if (who == 0) {
        while (!flag) {
            EXPLORE_ASSERT(park(who, FUTEX_FOREVER, nothing_pending) == GIL_UNPARKED);
        }
    } else if (!flag) {
        flag = true;
        gil_unpark(&nodes[0], false);
    }
    leaves();
    gil_release();
}

// Thread 0 is unparked before it parks: it has told of itself, then given the GIL up for something else.
static void body_early_unpark(int who) {
    gil_acquire(&nodes[who]);
    enters();
    if (who == 0) {
        flag = true;
        leaves();
        gil_release();
        explore_point();
        gil_acquire(&nodes[0]);
        enters();
        if (turns[0] > 0) {
            EXPLORE_ASSERT(park(who, FUTEX_FOREVER, nothing_pending) == GIL_UNPARKED);
        }
    } else if (flag) {
        turns[0] = 1;
        gil_unpark(&nodes[0], true);
    }
    leaves();
    gil_release();
}

// A holder that computes until it is asked to yield, and one that comes from outside meanwhile.
static void body_request(int who) {
    gil_acquire(&nodes[who]);
    enters();
    if (who == 0) {
        flag = true;
        for (int i = 0; i < 2; ++i) {
            explore_point();
            // G4: who is in line has asked.
            EXPLORE_ASSERT(!nodes[1].in_line || gil.mutex != 0 || gil_requested());
        }
    }
    leaves();
    gil_release();
}

// The same with a deadline that may come at any moment, before, during or after the unpark.
static void body_timeout(int who) {
    gil_acquire(&nodes[who]);
    enters();
    if (who == 0) {
        while (!flag) {
            gil_result_t result = park(who, 1, nothing_pending);
            // G6: together with an unpark it is an unpark.
            EXPLORE_ASSERT(result == GIL_UNPARKED ? flag : !flag);
            if (result == GIL_TIMED_OUT) {
                break;
            }
        }
    } else if (!flag) {
        flag = true;
        gil_unpark(&nodes[0], false);
    }
    leaves();
    gil_release();
}

// Thread 1 is a signal handler: it has no GIL, leaves its message and interrupts.
static void body_interrupt(int who) {
    if (who == 1) {
        explore_point();
        flag = true;
        gil_interrupt(&nodes[0]);
        return;
    }
    gil_acquire(&nodes[who]);
    enters();
    if (who == 0) {
        EXPLORE_ASSERT(park(who, FUTEX_FOREVER, flag_pending) == GIL_INTERRUPTED_WAIT);
    }
    leaves();
    gil_release();
}

static void jump(int who) {
    explore_point();
    gil_jumps = 1; // every jump looks at the clock
    if (gil_ask()) {
        fake_now += GIL_INTERVAL_NS; // and the interval is over with every look
        gil.grace_jumps = GIL_GRACE_JUMPS;
        if (gil_due()) {
            leaves();
            gil_yield(&nodes[who]);
            enters();
        }
    }
}

// Threads that compute, until each has had the GIL.
static void body_yield(int who) {
    gil_acquire(&nodes[who]);
    enters();
    for (int i = 0; i < 3; ++i) {
        jump(who);
    }
    leaves();
    gil_release();
}

// Thread 0 starts thread 1 and waits for it; 2 comes and goes.
static void body_admit(int who) {
    if (who == 1) {
        gil_await(&nodes[1]);
    } else {
        gil_acquire(&nodes[who]);
    }
    enters();
    if (who == 0) {
        gil_admit(&nodes[1]);
        jump(0);
        while (!flag) {
            park(0, FUTEX_FOREVER, nothing_pending);
        }
    } else if (who == 1) {
        flag = true;
        gil_unpark(&nodes[0], false);
    }
    leaves();
    gil_release();
}

// G2: thread 0 computes; 1 and 2 do nothing but come from outside, again and again. Once it has yielded
// thread 0 must not be overtaken more often than the limit says.
static void body_starve(int who) {
    gil_acquire(&nodes[who]);
    enters();
    if (who == 0) {
        for (int i = 0; i < 2; ++i) {
            turns[0] = 0;
            jump(0);
        }
    } else {
        for (int i = 0; i < GIL_MAX_OVERTAKEN; ++i) {
            leaves();
            gil_release();
            gil_acquire(&nodes[who]);
            enters();
            turns[0] += nodes[0].in_line;
            EXPLORE_ASSERT(turns[0] <= GIL_MAX_OVERTAKEN + 1);
        }
    }
    leaves();
    gil_release();
}

#define PROGRAM(name_, threads_, ...) \
    { .name = #name_, .threads = threads_, .body = body_##name_, .setup = setup, .check = check, __VA_ARGS__ }

static const explore_t programs[] = {
    PROGRAM(exclusion, 2, .preemptions = 4, .interruptions = 1),
    PROGRAM(exclusion, 3, .preemptions = 3),
    PROGRAM(unpark, 3, .preemptions = 3, .interruptions = 1),
    PROGRAM(early_unpark, 2, .preemptions = 4),
    PROGRAM(request, 2, .preemptions = 4),
    PROGRAM(timeout, 2, .preemptions = 5),
    PROGRAM(timeout, 3, .preemptions = 3),
    PROGRAM(interrupt, 2, .preemptions = 6, .interruptions = 1),
    PROGRAM(interrupt, 3, .preemptions = 3),
    PROGRAM(yield, 3, .preemptions = 3),
    PROGRAM(admit, 3, .preemptions = 3),
    PROGRAM(starve, 3, .preemptions = 2),
};

#include "main.h"
