"""
categories: Modules,threading
description: Old names do not warn
cause: MicroPython has no warnings.
workaround: Use the new names, which the manual gives for each.
"""

import threading

print(threading.activeCount())
