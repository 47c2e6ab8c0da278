# A subclass of local may have its own __setattr__ and __delattr__; what they reach with super() and
# with object is the calling thread's, too.
import threading


class Checked(threading.local):
    def __setattr__(self, name, value):
        print("set", name)
        super().__setattr__(name, value)

    def __delattr__(self, name):
        print("delete", name)
        super().__delattr__(name)


def other(obj):
    print(getattr(obj, "x", "nothing"))
    obj.x = 2
    print(obj.x)
    del obj.x
    print(getattr(obj, "x", "nothing"))
    try:
        del obj.x
    except AttributeError:
        print("AttributeError")


obj = Checked()
obj.x = 1
thread = threading.Thread(target=other, args=(obj,))
thread.start()
thread.join()
print(obj.x)


class Default(threading.local):
    number = 5

    @property
    def double(self):
        return self.number * 2

    @double.setter
    def double(self, value):
        self.number = value // 2


obj = Default()
print(obj.number, obj.double)
obj.double = 14
print(obj.number, obj.double, Default.number, obj.__dict__)
thread = threading.Thread(target=lambda: print(obj.number, obj.double, obj.__dict__))
thread.start()
thread.join()
