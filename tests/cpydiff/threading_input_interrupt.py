"""
categories: Modules,threading
description: Ctrl-C while a thread waits in `input()` interrupts that thread, not the main one
cause: `input()` sets the terminal to raw mode, where Ctrl-C is a character for whoever reads it.
workaround: Call `input()` in the main thread only; others read with `sys.stdin.readline()`.
"""

# keys: Ctrl-C, Enter

import threading


def ask():
    try:
        input("Press Ctrl-C: ")
    except KeyboardInterrupt:
        print("the thread")


try:
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
except KeyboardInterrupt:
    print("the main thread")
