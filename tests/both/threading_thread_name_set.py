# Thread.name set in each state; getName and setName; converted with str().
import threading

thread = threading.Thread(name="first", target=lambda: (ready.set(), done.wait()))
ready = threading.Event()
done = threading.Event()
print(thread.name, thread.getName())
thread.name = "second"
print(thread.name, thread.getName())
print(thread.setName("third"), thread.name)
thread.start()
ready.wait()
thread.name = 4
print(thread.name, type(thread.name).__name__)
print(repr(thread).startswith("<Thread(4, started "))
setattr(thread, "name", "")
print(repr(thread.name))
thread.name = None
print(repr(thread.name))
done.set()
thread.join()
thread.name = "a much longer name than the fifteen bytes of the system: \u00e4\u00f6\u00fc"
print(thread.name)


# The thread itself sets its name.
def rename():
    me = threading.current_thread()
    me.name = "renamed"
    results.append(threading.current_thread().name)
    me.setName("again")


results = []
thread = threading.Thread(target=rename)
thread.start()
thread.join()
print(results, thread.name)

main = threading.current_thread()
main.name = "chief"
print(threading.main_thread().name, main.getName(), repr(main).startswith("<_MainThread(chief, "))
