"""
categories: Modules,builtins
description: `builtins.print` is not what the name `print` finds
cause: The variant's `print()` writes whole lines. It overrides the name; the built-in one stays.
workaround: Call `print()` by its name.
"""

import builtins

print("the same" if builtins.print is print else "two functions")
