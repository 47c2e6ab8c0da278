# The old names activeCount, currentThread and their like do what the new ones do.
import threading

print(threading.activeCount(), threading.active_count())
print(threading.currentThread() is threading.current_thread())
done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
print(threading.activeCount())
done.set()
thread.join()
print(threading.activeCount(), done.isSet())
condition = threading.Condition()
with condition:
    print(condition.notifyAll())
print(thread.getName() == thread.name, thread.isDaemon())
thread.setName("renamed")
print(thread.name)
