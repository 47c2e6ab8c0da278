# The names of keyword arguments may be strings that the program has computed.
import threading


def show(**kwargs):
    for name in sorted(kwargs):
        print(name, kwargs[name])


def take(first_argument_of_all, second_argument_of_all=None):
    print(first_argument_of_all, second_argument_of_all)


words = ["first", "second"]
kwargs = {word + "_argument_of_" + "all": word for word in words}
for target in (show, take):
    thread = threading.Thread(target=target, kwargs=kwargs)
    thread.start()
    thread.join()
    timer = threading.Timer(0, target, (), kwargs)
    timer.start()
    timer.join()
    target(**kwargs)

thread = threading.Thread(target=take, args=(1,), kwargs={"third" + "_argument_of_all": 3})
threading.excepthook = lambda args: print(args.exc_type.__name__)
thread.start()
thread.join()
