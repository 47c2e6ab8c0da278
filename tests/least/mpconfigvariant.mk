# Upstream's unix port with little, for both-pure-least; see mpconfigvariant.h.

MICROPY_PY_SOCKET = 0
MICROPY_PY_TERMIOS = 0
MICROPY_USE_READLINE = 0
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 0
