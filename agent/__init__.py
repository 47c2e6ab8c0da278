"""The device agent: docs/agent.md.

This file is part of micropython-threading, MIT licence.
"""

import os

# The bundle that the modules come from; None: they are beside this one.
bundle = None


def use(name):
    """From now on the modules are those of a bundle, and no others. Raises OSError."""
    global bundle, __path__
    import posix
    import vfs

    vfs.mount(vfs.VfsRom(posix.map(name)), "/agent.romfs")
    __path__ = "/agent.romfs"
    bundle = name


# A function's process has the bundle of its agent.
if os.getenv("AGENT_BUNDLE"):
    use(os.getenv("AGENT_BUNDLE"))
