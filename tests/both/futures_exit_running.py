# Calls that run or wait when the main script fails are finished; its status stays.
import threading
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(1)
pool.submit(threading.main_thread().join, 0.05)
for i in range(3):
    pool.submit(print, "call", i)
print("main ends")
raise SystemExit(3)
