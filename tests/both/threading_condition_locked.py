# since 3.14
# Condition.locked is its lock's.
import threading

for lock in (threading.Lock(), threading.RLock(), None):
    condition = threading.Condition(lock)
    print(condition.locked())
    with condition:
        print(condition.locked())
    print(condition.locked())
