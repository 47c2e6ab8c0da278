QUEUE_MOD_DIR := $(USERMOD_DIR)
CFLAGS_USERMOD += -I$(QUEUE_MOD_DIR)
SRC_USERMOD_C += $(addprefix $(QUEUE_MOD_DIR)/,\
	modqueue.c \
	queue.c \
	ring.c \
	simplequeue.c \
	)
