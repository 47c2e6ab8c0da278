# _register_atexit: refused once the registered functions are being called.
import threading


def register(text):
    try:
        threading._register_atexit(print, text)
        print("registered")
    except RuntimeError as e:
        print(type(e).__name__, e)


def work():
    threading.main_thread().join()
    register("by a thread")


threading._register_atexit(register, "by an exit function")
threading.Thread(target=work).start()
print("main ends")
