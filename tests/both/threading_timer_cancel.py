# Timer.cancel before the start, while it waits, after it fired.
import threading
import time

log = []
timer = threading.Timer(60, log.append, [1])
timer.start()
print(timer.is_alive(), timer.finished.is_set())
start = time.time()
print(timer.cancel(), timer.finished.is_set())
timer.join()
print(time.time() - start < 5, timer.is_alive(), log)
print(timer.cancel())

timer = threading.Timer(0, log.append, [2])
timer.cancel()
timer.start()
timer.join()
print(log)

timer = threading.Timer(0, log.append, [3])
timer.start()
timer.join()
print(timer.cancel(), log)

# A function that cancels its own timer.
timer = threading.Timer(0, lambda: log.append(timer.cancel()))
timer.start()
timer.join()
print(log)

# A function that fails leaves `finished` unset.
threading.excepthook = lambda args: log.append(args.exc_type.__name__)
timer = threading.Timer(0, lambda: 1 // 0)
timer.start()
timer.join()
print(log, timer.finished.is_set(), timer.is_alive())
