# The interpreter whose threads the explorer schedules; see port.c.

# The seam of modules/sync and py/mpthread.h are port.c's. That the guard is looked after is a part of
# the test. Assertions come with DEBUG=1.
SYNC_PORT = gil
COPT = -O2
CFLAGS += -DSYNC_DEBUG=1 -DQUEUE_MOST_COMING=1 -I$(VARIANT_DIR)/../native

# Every fault of the modules that can be switched on, here while the program runs.
EXPLORE_BUGS := $(shell sed -n 's/^\#ifndef \(BUG_[A-Z_]*\).*/\1/p' $(USER_C_MODULES)/threading/*.c $(USER_C_MODULES)/queue/*.c)
CFLAGS += -include $(VARIANT_DIR)/bugs.h $(foreach bug,$(EXPLORE_BUGS),-D'$(bug)=explore_bug("$(bug)")')

# The port's own make variable and file of threads.
MICROPY_PY_THREAD = 0
$(BUILD)/mpthreadport.o: CFLAGS += -DMICROPY_PY_THREAD=0

# Who runs is port.c's business.
$(BUILD)/sync/port/linux_thread.o: CFLAGS += -Dsync_native_id=system_native_id -Dsync_native_alive=system_native_alive

MICROPY_PY_SSL = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SOCKET = 0
MICROPY_PY_TERMIOS = 0
MICROPY_USE_READLINE = 0
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 0
FROZEN_MANIFEST ?=
