#!/usr/bin/env python3
"""Upgrades many agents on one machine in stages: some of them fail.

    python3 tools/fleet_upgrade.py AGENTS BUNDLER... -- LAUNCHER INTERPRETER

Each agent has a launcher and slots of its own. One in 20 has an interpreter that does not bear the
new bundle. tools/dev rolls it out: it stops after the stage in which too many fail; told to bear
more it goes on to the end, and all but those that failed run the new version. BUNDLER is the
command of tools/bundle.py. Closes with `fleet-upgrade: N passed, N failed, N skipped`.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import agent_demo  # noqa: E402 (found through the line above)
import fleet  # noqa: E402

VERSION = "9.0"
STAGES = "5,25,100"
BAD = 20  # one in so many
IMAGE = "fleet"

# It passes the smoke test; the crash comes later.
BAD_INTERPRETER = """#!/bin/sh
case "$*" in *selftest) ;; *) [ ! -e agent.romfs ] || exit 9;; esac
exec %s "$@"
"""


class Server(fleet.Server):
    """Keeps what the answers say, too."""

    def __init__(self, port, agents):
        self.results = {}  # id: {device: result}
        super().__init__(port, agents)

    def take(self, message):
        event = json.loads(message.payload)
        _, device, kind, *_ = message.topic.split("/")
        if kind == "evt" and event["st"] == "succeeded":
            self.results.setdefault(event["id"], {})[device] = event.get("result")
        super().take(message)

    def infos(self, id):
        self.publish("g/all/cmd", {"id": id, "op": "info"})
        self.wait(lambda: self.answers.get(id, {}))
        return self.results[id]


class Fleet:
    def __init__(self, folder, agents, bundler, launcher, interpreter):
        self.folder = folder
        self.port = agent_demo.free_port()
        self.processes = []
        self.launcher = launcher
        self.good = folder / "micropython"
        shutil.copy(interpreter, str(self.good))
        self.bad = folder / "bad"
        self.bad.write_text(BAD_INTERPRETER % self.good)
        self.bad.chmod(0o755)
        self.devices = ["dev-%04d" % i for i in range(agents)]
        # In the order of the stages: the first one goes well.
        order = sorted(self.devices, key=lambda name: hashlib.sha256(
            "{} {}".format(IMAGE, name).encode()).digest())
        self.fail = set(order[agents // 20 :: BAD])
        subprocess.run(["signify-openbsd", "-Gn", "-p", "up.pub", "-s", "up.sec"],
                       cwd=str(folder), check=True)
        self.key = (folder / "up.pub").read_text().split("\n")[1]
        subprocess.run([*bundler, "--version", VERSION, "-o", str(folder / "bundle")], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run(
            [str(ROOT / "tools/sign"), "--key", "up.sec", "--kind", "app", "--id", IMAGE,
             "--version", VERSION, "--hw", "pump", "bundle", "-o", "image"],
            cwd=str(folder), check=True)

    def start(self, name):
        data = self.folder / name
        (data / "a").mkdir(parents=True)
        os.link(str(self.bad if name in self.fail else self.good), str(data / "a/micropython"))
        config = {"device": name, "user": name, "password": "x", "host": "127.0.0.1", "hw": "pump",
                  "port": self.port, "data": str(data), "groups": ["all"], "backoff": [0.1, 1],
                  "upgrade_keys": [self.key]}
        (data / "config.json").write_text(json.dumps(config))
        return subprocess.Popen(
            [self.launcher, "-b", "300", str(data), str(self.folder), "-X", "heapsize=128K",
             "-m", "agent", str(data / "config.json")],
            env={}, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def roll_out(self, pause_on):
        """(exit status, what tools/dev says about itself, {device: (state, reason)}, seconds)"""
        began = time.monotonic()
        p = subprocess.run(
            [*agent_demo.DEV, "ota", "--all", str(self.folder / "image"), "--percent", STAGES,
             "--pause-on", pause_on, "--json", "--timeout", "300"],
            env=dict(os.environ, DEV_BROKER="127.0.0.1:%d" % self.port, DEV_USER="server",
                     DEV_PASSWORD="let me in"),
            stdout=subprocess.PIPE, universal_newlines=True)
        lines = [json.loads(line) for line in p.stdout.splitlines()]
        error = [line["error"] for line in lines if "error" in line]
        ends = {line["device"]: (line["st"], line.get("reason")) for line in lines
                if line.get("st") in agent_demo.TERMINAL}
        return p.returncode, error, ends, time.monotonic() - began

    def run(self):
        """Yields (what, whether it is so)."""
        agents = len(self.devices)
        self.processes.append(subprocess.Popen(
            fleet.broker_command(self.folder, self.port, None), stderr=subprocess.DEVNULL))
        server = Server(self.port, agents)
        while not server.client.connected:
            time.sleep(0.01)
        began = time.monotonic()
        self.processes += map(self.start, self.devices)
        server.wait(lambda: server.ready)
        print("   %d online in %.1f s" % (agents, time.monotonic() - began))
        old = {info["ver"] for info in server.infos("before").values()}
        yield "all run the same version", len(old) == 1 and VERSION not in old

        status, error, ends, seconds = self.roll_out("2%")
        failed = {name for name, end in ends.items() if end[0] != "succeeded"}
        print("   %s after %.1f s" % (error[0] if error else "not paused", seconds))
        yield "it stops behind the stage in which some fail", (
            error and error[0].startswith("paused") and status == 1 and len(ends) == agents // 4)
        yield "those failed that should, by rolling back", failed == self.fail & set(ends) and all(
            ends[name] == ("failed", "rolled back: b exit 9") for name in failed)

        status, error, ends, seconds = self.roll_out("50%")
        print("   all stages in %.1f s" % seconds)
        yield "told to bear it, it goes to the end", not error and len(ends) == agents
        failed = {name for name, end in ends.items() if end[0] != "succeeded"}
        yield "%d of %d failed, which should" % (len(failed), agents), failed == self.fail
        infos = server.infos("after")
        yield "these run the old version, all others the new one", all(
            (info["ver"], info["slot"]) == ((old.copy().pop(), "a") if name in failed else
                                            (VERSION, "b")) for name, info in infos.items())
        server.client.stop()

    def stop(self):
        for p in self.processes[::-1]:
            p.terminate()
        for p in self.processes:
            p.wait()


def main(words):
    agents, *bundler = words[: words.index("--")]
    launcher, interpreter = words[words.index("--") + 1 :]
    counts = {True: 0, False: 0}
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="fleet-", dir=place) as folder:
        f = Fleet(Path(folder), int(agents), bundler, launcher, interpreter)
        try:
            for what, good in f.run():
                counts[bool(good)] += 1
                print("%s: %s" % ("ok" if good else "FAIL", what), flush=True)
        finally:
            f.stop()
    print("fleet-upgrade: %d passed, %d failed, 0 skipped" % (counts[True], counts[False]))
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
