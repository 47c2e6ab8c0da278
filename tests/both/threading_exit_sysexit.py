# sys.exit() in the main thread: other threads are waited for, then the status is the one given.
import sys
import threading
import time


def work():
    go.wait()
    time.sleep(0.05)
    print("worker ends")


go = threading.Event()
threading.Thread(target=work).start()
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("main exits")
go.set()
sys.exit(3)
