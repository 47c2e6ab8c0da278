# An exception in the main thread: other threads are waited for, the status is 1.
# stderr
# uncaught-to-stderr
import threading
import time


def work():
    time.sleep(0.05)
    print("worker ends")


print("main starts")
threading.Thread(target=work).start()
raise ValueError("in the main thread")
