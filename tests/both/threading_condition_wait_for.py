# Condition.wait_for returns the predicate's last value, and asks it after each wake-up.
import threading

condition = threading.Condition()
with condition:
    for value in (True, 1, "text", [0]):
        print(condition.wait_for(lambda: value), condition.wait_for(lambda: value, 0))

asked = []
answers = [0, None, "", [], "here"]
results = []


def predicate():
    asked.append(condition._is_owned())
    return answers[len(asked) - 1]


def waiter():
    with condition:
        results.append(condition.wait_for(predicate))


thread = threading.Thread(target=waiter)
thread.start()
for times in range(1, 5):
    while True:
        with condition:
            if len(asked) == times:
                condition.notify()
                break
thread.join()
print(results, asked)


def failing():
    asked.append("raise")
    raise ValueError("in the predicate")


with condition:
    try:
        condition.wait_for(failing)
    except ValueError as e:
        print(e, condition._is_owned(), asked[-1])
print(condition._is_owned())
