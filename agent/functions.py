"""Technicians' functions: put, listed, read and run by name and version.

fn/NAME/VERSION/NAME.py or .mpy is a function's code, fn/NAME/meta.json says what there is. A
version counts when it is in there.

This file is part of micropython-threading, MIT licence.
"""

import json
import sys
from binascii import a2b_base64, b2a_base64

from agent.jobs import Refused, describe
from agent.mqtt import print_exception
from agent.process import Process
from agent.store import load, save

# Versions of a function that are kept.
KEEP = 3

_WORD = "abcdefghijklmnopqrstuvwxyz0123456789_"


def _check(what, text, more=""):
    if not isinstance(text, str) or not 0 < len(text) <= 32 or text[0] == ".":
        raise Refused(what)
    for c in text:
        if c not in _WORD and c not in more:
            raise Refused(what)
    return text


def _name(command):
    return _check("fn", command.get("fn"))


class Functions:
    """All methods raise Refused for what cannot be done."""

    def __init__(self, disk, python, limits=(), cwd=None, env=None):
        self.disk = disk
        self.python = python  # the command of the interpreter
        self.options = {"limits": limits, "cwd": cwd, "env": env}
        disk.make_folder("fn")
        for name in disk.names("fn"):
            try:
                self._tidy(name)
            except OSError as e:  # a folder that nobody knows
                print_exception(e)

    def _meta(self, name):
        return load(self.disk, "fn/%s/meta.json" % name, {"vers": []})

    def _tidy(self, name):
        """Removes what is not, or no longer, in meta.json."""
        folder = "fn/" + name
        known = [v["ver"] for v in self._meta(name)["vers"]]
        for ver in self.disk.names(folder):
            if ver not in known and ver != "meta.json":
                for file in self.disk.names(folder + "/" + ver):
                    self.disk.remove(folder + "/" + ver + "/" + file)
                self.disk.remove_folder(folder + "/" + ver)
        if not known:
            self.disk.remove(folder + "/meta.json")
            self.disk.remove_folder(folder)

    def _find(self, command):
        """The meta data of the version asked for, or of the last one put."""
        versions = self._meta(_name(command))["vers"]
        ver = command.get("ver")
        for v in reversed(versions):
            if ver is None or v["ver"] == ver:
                return v
        raise Refused("unknown version" if versions else "unknown function")

    def put(self, command):
        name = _name(command)
        ver = _check("ver", command.get("ver"), "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-")
        if ver[:5] == "meta.":
            raise Refused("ver")  # a file of ours
        mode = command.get("mode", "proc")
        if mode not in ("proc", "thread")[: 1 if "mpy" in command else 2]:
            raise Refused("mode")
        if "mpy" in command:
            kind, code = "mpy", a2b_base64(command["mpy"])
            if code[:2] != bytes((77, sys.implementation._mpy & 255)):
                raise Refused("mpy")  # not one, or of another version
        elif isinstance(command.get("src"), str):
            kind, code = "py", command["src"].encode()
            try:
                compile(command["src"], name + ".py", "exec")
            except (SyntaxError, ValueError) as e:
                raise Refused(describe(e))
        else:
            raise Refused("neither src nor mpy")
        meta = self._meta(name)
        last = meta["vers"][-1]["ver"] if meta["vers"] else None
        file = "fn/%s/%s/%s.%s" % (name, ver, name, kind)
        if ver in [v["ver"] for v in meta["vers"]]:
            if self.disk.read(file) != code:
                raise Refused("this version is there with other code")
            return last
        if command.get("base", last) != last:
            raise Refused("the last version is " + str(last))
        try:
            self.disk.make_folder("fn/" + name)
            self.disk.make_folder("fn/%s/%s" % (name, ver))
            self.disk.replace(file, code)
            args = command.get("args", {})
            meta["vers"].append({"ver": ver, "kind": kind, "mode": mode, "args": args})
            meta["vers"] = meta["vers"][-KEEP:]
            save(self.disk, "fn/%s/meta.json" % name, meta)
        except OSError as e:
            raise Refused(describe(e))
        self._tidy(name)
        return ver

    def delete(self, command):
        name = _name(command)
        self._find(command)
        save(self.disk, "fn/%s/meta.json" % name, {"vers": []})
        self._tidy(name)

    def get(self, command):
        v = self._find(command)
        name = _name(command)
        code = self.disk.read("fn/%s/%s/%s.%s" % (name, v["ver"], name, v["kind"]))
        if v["kind"] == "py":
            return dict(v, fn=name, src=str(code, "utf-8"))
        return dict(v, fn=name, mpy=str(b2a_base64(code), "utf-8").strip())

    def list(self):
        """Each function with its last version and its arguments."""
        found = []
        for name in self.disk.names("fn"):
            versions = self._meta(name)["vers"]
            if versions:
                old = [v["ver"] for v in versions[:-1]]
                found.append(dict(versions[-1], fn=name, old=old))
        return found

    def resolve(self, command, **how):
        """What runs it: function(job)."""
        v = self._find(command)
        name = _name(command)
        folder = self.disk.root + "fn/%s/%s" % (name, v["ver"])
        args = command.get("args", {})
        if v["mode"] == "thread":
            return lambda job: run_source(folder + "/" + name + ".py", job, args)
        spec = json.dumps({"folder": folder, "fn": name, "args": args}).encode()

        def run(job):
            return Process(
                job, self.python + ["-m", "agent.child"], stdin=spec, **how, **self.options
            ).run()

        return run


def run_source(path, job, args):
    """Runs a function in this process."""
    space = {"__name__": "fn"}
    with open(path) as f:
        code = compile(f.read(), path, "exec")
    exec(code, space)
    return space["run"](job, **args)


def interpreter(heap):
    """The command of the interpreter that runs this, with a heap of its own size."""
    return [sys.executable, "-X", "heapsize=" + heap]
