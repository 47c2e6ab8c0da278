# For the agent in a build with TLS: what it needs more of mbedTLS is in variants/threads/tls_config.h.
ifneq ($(AGENT),)
ifneq ($(filter-out 0,$(TLS)),)
CFLAGS_USERMOD += -DTHREADS_X509=1
SRC_USERMOD_C += $(USERMOD_DIR)/modx509.c
endif
endif
