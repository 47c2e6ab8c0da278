# An exception or sys.exit() in a thread does not change the status of the program.
# stderr
import sys
import threading


def fail():
    go.wait()
    raise ValueError("in a thread")


def leave():
    sys.exit(7)


go = threading.Event()
thread = threading.Thread(target=leave)
thread.start()
thread.join()
threading.Thread(target=fail, name="failing").start()
print("main ends")
go.set()
