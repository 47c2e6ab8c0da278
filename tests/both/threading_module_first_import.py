# since 3.13
# main_thread() is the thread of the program's start, though a worker imports threading first.
# not-pure: it takes the thread that imports it first for the main one
import _thread
import time


def work():
    import threading

    main_thread = threading.main_thread()
    result.append((main_thread.name, type(main_thread).__name__, main_thread.ident == main))
    result.append(threading.current_thread() is main_thread)
    result.append("end")


main = _thread.get_ident()
result = []
_thread.start_new_thread(work, ())
while result[-1:] != ["end"]:
    time.sleep(0.001)
print(result)
import threading

print(threading.current_thread() is threading.main_thread())
