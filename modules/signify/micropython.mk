# With the arithmetic of OpenBSD's signify, whose tree SIGNIFY_TREE names; tools/build.sh does for
# the agent. Its own hash is for a build without TLS.
ifneq ($(SIGNIFY_TREE),)
SIGNIFY_MOD_DIR := $(USERMOD_DIR)
CFLAGS_USERMOD += -idirafter $(SIGNIFY_TREE)
SRC_USERMOD_C += $(SIGNIFY_MOD_DIR)/modsignify.c
SIGNIFY_SRC := fe25519.c sc25519.c mod_ge25519.c
ifeq ($(filter-out 0,$(TLS)),)
SIGNIFY_SRC += sha2.c
endif
SRC_THIRDPARTY_C += $(addprefix $(SIGNIFY_TREE)/,$(SIGNIFY_SRC))
$(BUILD)/$(SIGNIFY_TREE)/%.o: CFLAGS += -w -DVERIFYONLY -include $(SIGNIFY_TREE)/compat.h
endif
