import gc
import os
import sys
import threading

import agent as package

if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["request"], ["rescue"], ["selftest"]) and (
    sys.argv[2] != "cert"
):
    usage = "usage: micropython -m agent CONFIG.json [request | cert FILE | rescue | selftest]"
    print(usage, file=sys.stderr)
    sys.exit(2)

# Left to itself the collector first goes through the whole heap, which then stays in RAM.
gc.threshold(4096)

agent = 1


# In a thread, whose stack goes with it: the main thread's would stay as deep as it once was.
def load():
    global agent
    # The bundle in the working folder, if there is one. In place of a bad one nothing else is run.
    try:
        if not package.bundle:
            package.use(os.getcwd() + "/agent.romfs")
    except OSError as e:
        if e.errno != 2:
            print("agent.romfs:", e, file=sys.stderr)
            return
    from agent.core import prepare

    agent = prepare(sys.argv)


thread = threading.Thread(target=load)
thread.start()
thread.join()
if isinstance(agent, int):
    sys.exit(agent)
agent.run()
