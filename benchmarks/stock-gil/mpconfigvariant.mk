# Upstream's standard variant with upstream's own GIL, for make bench-gil.

# The port's own make variable would say MICROPY_PY_THREAD_GIL=0 on the command line.
MICROPY_PY_THREAD = 0
LDFLAGS += -pthread
CFLAGS += -pthread

# The file systems that our variant does not have either.
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 0
