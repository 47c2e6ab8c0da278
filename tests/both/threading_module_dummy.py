# A thread not made by threading: current_thread() makes a dummy for it.
import _thread
import threading


def error(f, *args, **kwargs):
    try:
        log.append(str(f(*args, **kwargs)))
    except Exception as e:
        log.append(type(e).__name__ + " " + str(e))


def work():
    me = threading.current_thread()
    dummies.append(me)
    log.append(me is threading.current_thread())
    log.append((type(me).__name__, me.name, me.daemon, me.is_alive()))
    log.append((me.ident == threading.get_ident(), me.native_id == threading.get_native_id()))
    log.append((me in threading.enumerate(), threading.active_count()))
    log.append(repr(me).replace(str(me.ident), "IDENT"))
    error(me.start)
    me.name = "renamed"
    log.append(threading.current_thread().name)
    # Everything else works here as in a thread of threading's.
    with lock:
        data.value = 5
    child = threading.Thread(target=lambda: log.append(threading.current_thread().daemon))
    child.start()
    child.join()
    done.set()
    stop.wait()
    end.release()


log = []
dummies = []
lock = threading.RLock()
data = threading.local()
done = threading.Event()
stop = threading.Event()
end = threading.Lock()
end.acquire()
ident = _thread.start_new_thread(work, ())
done.wait()
for line in log:
    print(line)
print(dummies[0].ident == ident, dummies[0].is_alive(), isinstance(dummies[0], threading.Thread))
print(threading.active_count(), hasattr(data, "value"))
stop.set()
end.acquire()
