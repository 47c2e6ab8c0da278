SRC_USERMOD_C += $(USERMOD_DIR)/modposix.c
