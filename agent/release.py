"""Which version this is, and who may replace it. A build writes its own: docs/upgrade.md.

This file is part of micropython-threading, MIT licence.
"""

VERSION = "0.1"

# The public keys of upgrades: of each the second line of its .pub file.
KEYS = ()
