# settrace, gettrace, setprofile, getprofile: store and fetch.
import threading


def hook(*args):
    return None


print(threading.gettrace(), threading.getprofile())
print(threading.settrace(hook), threading.gettrace() is hook, threading.getprofile())
print(threading.settrace(None), threading.gettrace())
print(threading.setprofile(hook), threading.getprofile() is hook, threading.gettrace())
thread = threading.Thread(target=lambda: print("runs", threading.getprofile() is hook))
thread.start()
thread.join()
print(threading.setprofile(None), threading.getprofile())
