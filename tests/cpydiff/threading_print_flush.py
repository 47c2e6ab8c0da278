"""
categories: Modules,builtins
description: `print()` takes no `flush`
cause: MicroPython's has none. A call's text is written before it returns.
workaround: Leave it out.
"""

try:
    print("now", flush=True)
except TypeError:
    print("TypeError")
