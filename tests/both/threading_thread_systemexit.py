# SystemExit in a thread ends that thread only, silently. Its status is nobody's.
# stderr
import sys
import threading


def leave(*args):
    log.append("in")
    sys.exit(*args)
    log.append("not reached")


def leave_deep():
    with lock:
        raise SystemExit(5)


log = []
lock = threading.Lock()
for args in ((), (0,), (3,), (None,)):
    thread = threading.Thread(target=leave, args=args)
    thread.start()
    thread.join()
    print(args, thread.is_alive(), log)
thread = threading.Thread(target=leave_deep)
thread.start()
thread.join()
print(lock.locked())
