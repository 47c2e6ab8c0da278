# The core. It knows nothing of MicroPython, so it is not scanned for qstrs.
SYNC_MOD_DIR := $(USERMOD_DIR)
CFLAGS_USERMOD += -I$(SYNC_MOD_DIR) -I$(SYNC_MOD_DIR)/port
SRC_USERMOD_LIB_C += $(SYNC_MOD_DIR)/sync.c $(SYNC_MOD_DIR)/port/linux_thread.c

# A host whose GIL is the guard implements the rest of the seam itself (variants/threads).
ifeq ($(SYNC_PORT),gil)
CFLAGS_USERMOD += -DSYNC_GUARD_IS_GIL=1
else
SRC_USERMOD_LIB_C += $(SYNC_MOD_DIR)/port/linux.c
endif
