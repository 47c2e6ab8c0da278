# A board without the agent does not pay for it.
ifneq ($(PROFILE)$(AGENT),small)
SRC_USERMOD_C += $(USERMOD_DIR)/modposix.c
endif
