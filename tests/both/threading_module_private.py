# _active, {ident: thread} of all that live; _shutdown waits for what is not a daemon.
# not-pure: CPython's private names are not there
import threading

main = threading.main_thread()
print(len(threading._active), threading._active[main.ident] is main)
go = threading.Event()
thread = threading.Thread(target=go.wait)
daemon = threading.Thread(target=go.wait, daemon=True)
print(len(threading._active))
thread.start()
daemon.start()
print(len(threading._active), threading._active[thread.ident] is thread)
print([ident for ident, t in threading._active.items() if t is thread] == [thread.ident])
go.set()
thread.join()
daemon.join()
print(thread.ident in threading._active)

go = threading.Event()
hold = threading.Event()
thread = threading.Thread(target=go.wait)
daemon = threading.Thread(target=hold.wait, daemon=True)
thread.start()
daemon.start()
threading.Timer(0.02, go.set).start()
print(threading._shutdown(), thread.is_alive(), daemon.is_alive())
print(threading._shutdown())
