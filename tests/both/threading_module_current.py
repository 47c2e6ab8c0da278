# current_thread and main_thread, from the main thread and from others.
import threading


def work():
    seen.append(threading.current_thread())
    seen.append(threading.current_thread() is threading.current_thread())
    seen.append(threading.main_thread())
    seen.append(threading.currentThread())


main = threading.main_thread()
print(main is threading.current_thread(), main is threading.currentThread())
print(type(main).__name__, main.name, main.daemon, main.is_alive())
print(isinstance(main, threading.Thread))
print(main.ident == threading.get_ident(), main is threading.main_thread())
seen = []
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(seen[0] is thread, seen[1], seen[2] is main, seen[3] is thread)
