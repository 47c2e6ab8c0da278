import os

TESTFN = "testfile-" + os.urandom(8).hex()
unlink = os.remove
