"""
categories: Modules,queue
description: Classes cannot be subscripted: `Queue[int]()`
cause: Types take no subscripts in MicroPython.
workaround: Annotate the name: `jobs: Queue[int] = Queue()`. Annotations are not evaluated.
"""

import queue

try:
    jobs = queue.Queue[int]()
    print("made")
except TypeError:
    print("TypeError")
