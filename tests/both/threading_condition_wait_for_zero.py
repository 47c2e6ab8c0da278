# wait_for() with no time to wait: the lock is needed all the same, and the predicate is asked twice.
import threading

condition = threading.Condition()
asked = []


def predicate():
    asked.append(len(asked))
    return len(asked) > 1


for timeout in (0, -1):
    with condition:
        print(timeout, condition.wait_for(predicate, timeout), asked)
    asked.clear()
    try:
        print(condition.wait_for(lambda: None, timeout))
    except RuntimeError as e:
        print(type(e).__name__, e)
    print(condition.wait_for(lambda: "true", timeout))

with condition:
    print(condition.wait_for(lambda: [], 0))

# notify() looks at the lock first.
for n in (1, "x", 2**70):
    try:
        condition.notify(n)
    except RuntimeError as e:
        print(type(e).__name__, e)
