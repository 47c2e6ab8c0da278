# The program ends only when its non-daemon threads have ended.
import threading
import time


def work():
    go.wait()
    time.sleep(0.05)
    print("worker goes on")
    time.sleep(0.05)
    print("worker ends")


go = threading.Event()
threading.Thread(target=work).start()
print("main ends")
go.set()
