# Condition.wait(timeout): False after the time, with the lock held and no waiter left over.
import threading
import time

for lock in (threading.RLock(), threading.Lock()):
    condition = threading.Condition(lock)
    with condition:
        for timeout in (0, -1, -0.5, 0.0, 0.05, 0.2):
            start = time.time()
            result = condition.wait(timeout)
            seconds = time.time() - start
            print(timeout, result, timeout - 0.002 <= seconds < 5)
            print(condition._is_owned(), repr(condition).endswith(", 0)>"))
        print(condition.wait(timeout=0.01))

# Waiters that gave up do not swallow a later notification.
condition = threading.Condition()
results = []
waiting = 0


def waiter(timeout):
    global waiting
    with condition:
        waiting += 1
        results.append(condition.wait(timeout))


quitters = [threading.Thread(target=waiter, args=(0.02,)) for _ in range(3)]
for t in quitters:
    t.start()
for t in quitters:
    t.join()
print(results)
patient = threading.Thread(target=waiter, args=(30,))
patient.start()
while True:
    with condition:
        if waiting == 4:
            break
start = time.time()
with condition:
    condition.notify()
patient.join()
print(results, time.time() - start < 5)

# The longest timeout.
patient = threading.Thread(target=waiter, args=(threading.TIMEOUT_MAX,))
patient.start()
while True:
    with condition:
        if waiting == 5:
            condition.notify()
            break
patient.join()
print(results)
