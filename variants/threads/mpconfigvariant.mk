# The `threads` variant of MicroPython's unix port.
#
#   make -C MICROPYTHON/ports/unix VARIANT_DIR=THIS_FOLDER USER_C_MODULES=.../modules BUILD=...
#
# The variant needs modules/sync, which comes with USER_C_MODULES; without it on the command line
# the modules beside this folder are taken.

THREADS_DIR := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
USER_C_MODULES ?= $(THREADS_DIR)/../../modules

# The GIL is the guard of modules/sync: threadport.c implements the seam.
SYNC_PORT = gil

# Only what Debian's source package holds, and no file system that a Linux board has no use for.
MICROPY_PY_SSL = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 0

# PROFILE=small is for a board where bytes are what there is least of: profile_small.h says what is left
# out, and this how the rest is linked: the data begin where the code ends rather than at the next
# page, which saves up to a page of the file and costs one of memory at most. PIE=1 keeps its
# addresses free, for 37 KB of relocations on ARM.
PROFILE ?= full
# What it switches on and off has names of its own.
QSTR_GLOBAL_DEPENDENCIES += $(THREADS_DIR)/profile_small.h
ifeq ($(PROFILE),small)
CFLAGS += -DTHREADS_PROFILE_SMALL=1 -DTHREADS_AGENT=$(if $(AGENT),1,0) -fno-unwind-tables -fno-asynchronous-unwind-tables
LDFLAGS += -Wl,-z,norelro -Wl,-z,noseparate-code -Wl,-z,common-page-size=16 -Wl,--build-id=none
# Fewer gaps. And on ARM main.c's buffer for a path goes to the end of the variables, where it takes
# no page that is not used.
LDFLAGS += -Wl,--sort-section=alignment
ifneq ($(PIE),1)
CFLAGS += -fno-pie
LDFLAGS += -no-pie
endif
else ifneq ($(PROFILE),full)
$(error PROFILE is full or small)
else ifeq ($(DEBUG),)
# Speed for some 20 KB: what an operation goes through, as upstream's own CSUPEROPT does for the VM
# and the collector. put() and get() of a Queue take a fifth less.
$(addprefix $(BUILD)/,sync/%.o threading/%.o queue/%.o) %/gil.o %/threadport.o \
$(addprefix $(BUILD)/py/,argcheck.o map.o obj.o objboundmeth.o objfun.o objtype.o runtime.o): CFLAGS += -O2
endif

# TLS=12 or TLS=13: the modules tls and ssl, on the mbedTLS 3.6 whose tree MBEDTLS_TREE names.
# Upstream's list of sources (MICROPY_PY_SSL=1) lacks those of TLS 1.3; here all are compiled, and
# the linker drops what nobody calls. tls.c says why functions have other names.
TLS ?= 0
TLS_RECORD ?= 16
ifneq ($(TLS),0)
ifeq ($(wildcard $(MBEDTLS_TREE)/library/ssl_tls.c),)
$(error TLS=$(TLS) needs MBEDTLS_TREE=, the tree of mbedTLS 3.6)
endif
CFLAGS += -DMICROPY_PY_SSL=1 -DMICROPY_SSL_MBEDTLS=1 -DTHREADS_TLS=$(TLS) -DTHREADS_TLS_RECORD=$(TLS_RECORD) \
	-DMBEDTLS_CONFIG_FILE='"tls_config.h"' -I$(MBEDTLS_TREE)/include
SRC_THIRDPARTY_C += lib/mbedtls_errors/mp_mbedtls_errors.c \
	$(filter-out %/error.c,$(wildcard $(MBEDTLS_TREE)/library/*.c))
$(BUILD)/$(MBEDTLS_TREE)/library/%.o: CFLAGS += -Wno-error
$(BUILD)/lib/mbedtls_errors/mp_mbedtls_errors.o: CFLAGS += -DTHREADS_TLS_NAMES=1 -DMBEDTLS_CHECK_CONFIG_H
# Names of what certificates are made of, which only a listing of them would print.
$(BUILD)/$(MBEDTLS_TREE)/library/oid.o: CFLAGS += -DMBEDTLS_X509_REMOVE_INFO
$(BUILD)/extmod/modtls_mbedtls.o: CFLAGS += -Dmbedtls_ssl_handshake=mp_threads_ssl_handshake \
	-Dmbedtls_ssl_read=mp_threads_ssl_read -Dmbedtls_ssl_write=mp_threads_ssl_write \
	-Dmbedtls_ssl_set_bio=mp_threads_ssl_set_bio -Dmbedtls_ssl_conf_verify=mp_threads_ssl_conf_verify \
	-Dmbedtls_ctr_drbg_seed=mp_threads_ctr_drbg_seed
endif

# The port's own make variable would say MICROPY_PY_THREAD_GIL=0 on the command line.
MICROPY_PY_THREAD = 0
LDFLAGS += -pthread
LIB += -lrt # timers: a library of its own before glibc 2.34
# Where glibc has the choice, on 32 bits: seconds that do not end in 2038. (musl has no others.)
CFLAGS += -D_TIME_BITS=64
CFLAGS += -pthread -I$(THREADS_DIR)/../../modules/sync -I$(THREADS_DIR)/../../modules/sync/port

# The debug mode (debug.h), next to what MicroPython's own DEBUG=1 does.
ifneq ($(DEBUG),)
CFLAGS += -DTHREADS_DEBUG=1 -DSYNC_DEBUG=1
# Allocations that fail on demand: faults.c.
LDFLAGS += -Wl,--wrap=gc_alloc -Wl,--wrap=gc_realloc
endif

# threadport.c takes the place of the port's own file, which is compiled to nothing.
$(BUILD)/mpthreadport.o: CFLAGS += -DMICROPY_PY_THREAD=0 -DMICROPY_PY_THREAD_GIL=0

# time.sleep(): threadport.c says why.
$(BUILD)/extmod/modtime.o: CFLAGS += -Dselect=mp_threads_select

# Sockets with a timeout; socket.c says why. With _FORTIFY_SOURCE the headers define some of these.
$(BUILD)/modsocket.o: CFLAGS += -U_FORTIFY_SOURCE -Daccept=mp_threads_accept -Dconnect=mp_threads_connect \
	-Dread=mp_threads_read -Drecv=mp_threads_recv -Drecvfrom=mp_threads_recvfrom \
	-Dwrite=mp_threads_write -Dsend=mp_threads_send -Dsendto=mp_threads_sendto

# Calls that would keep the GIL; see syscalls.c.
$(BUILD)/extmod/vfs_posix.o: CFLAGS += -Dchdir=mp_threads_chdir -Drmdir=mp_threads_rmdir -Dunlink=mp_threads_unlink
# Without glibc the port would read /dev/random instead, with the GIL.
$(BUILD)/unix_mphal.o: CFLAGS += -D_HAVE_GETRANDOM= -include sys/random.h
$(BUILD)/unix_mphal.o $(BUILD)/modtermios.o: CFLAGS += -Dgetrandom=mp_threads_getrandom \
	-Dtcsetattr=mp_threads_tcsetattr

# The handler of Ctrl-C; threadport.c says why.
$(BUILD)/unix_mphal.o: CFLAGS += -Dsigaction=mp_threads_sigaction

# An exception of each thread's own when there is no memory, and a traceback of the printer's own.
$(BUILD)/py/objexcept.o: CFLAGS += -include $(THREADS_DIR)/emergency.h
$(BUILD)/py/obj.o: CFLAGS += -Dmp_obj_exception_get_traceback=mp_threads_get_traceback

# Deeply nested containers: RuntimeError in the place of a crash.
$(BUILD)/py/sequence.o $(BUILD)/py/objdict.o: CFLAGS += -Dmp_obj_equal=mp_threads_obj_equal

# Imports within imports take less of the stack.
$(BUILD)/py/builtinimport.o: CFLAGS += -include $(THREADS_DIR)/import_path.h

# main.c ends the program in two places; exit.c says what the names stand for.
$(BUILD)/main.o: CFLAGS += -Dmp_obj_is_callable=mp_threads_exit -Dmp_builtin___import__=mp_threads_run_module
ifneq ($(DEBUG),)
$(BUILD)/main.o: CFLAGS += -Dfree=mp_threads_free
endif

# Two messages that would bring along the C library's own formatting: 8 KB where it is linked in.
$(BUILD)/main.o: CFLAGS += -Dfprintf=mp_threads_fprintf

# What newer trees than 1.25 run a script with; it would print an uncaught exception to standard output.
$(BUILD)/shared/runtime/pyexec.o: CFLAGS += -Dmp_obj_print_exception=mp_threads_print_uncaught

# Nothing is frozen in: Debian's source package does not hold micropython-lib, which a manifest needs.
FROZEN_MANIFEST ?=
