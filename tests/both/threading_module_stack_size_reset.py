# stack_size() without an argument returns the size in force and goes back to the default.
import threading

threading.stack_size(262144)
print(threading.stack_size(), threading.stack_size())
