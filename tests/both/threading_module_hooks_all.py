# since 3.12
# settrace_all_threads and setprofile_all_threads.
import threading


def hook(*args):
    return None


print(threading.setprofile_all_threads(hook), threading.getprofile() is hook)
print(threading.setprofile_all_threads(None), threading.getprofile())
print(threading.settrace_all_threads(hook), threading.gettrace() is hook)
print(threading.settrace_all_threads(None), threading.gettrace())
