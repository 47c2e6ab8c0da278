THREADING_MOD_DIR := $(USERMOD_DIR)
CFLAGS_USERMOD += -I$(THREADING_MOD_DIR)
SRC_USERMOD_C += $(addprefix $(THREADING_MOD_DIR)/,\
	barrier.c \
	condition.c \
	debug.c \
	event.c \
	local.c \
	lock.c \
	method.c \
	modthreading.c \
	semaphore.c \
	thread.c \
	wait.c \
	)
