# To freeze the edition in Python into an interpreter: include() this file in a board's manifest,
# or name it in FROZEN_MANIFEST.
module("threading.py", opt=3)
module("queue.py", opt=3)
module("lines.py", opt=3)
