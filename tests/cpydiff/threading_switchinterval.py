"""
categories: Modules,sys
description: The time after which a thread lets others run cannot be set
cause: It is a constant: 5 ms, as CPython's default.
workaround: `time.sleep(0)` lets others run at once.
"""

import sys

try:
    sys.setswitchinterval(0.005)
    print("set")
except AttributeError:
    print("AttributeError")
