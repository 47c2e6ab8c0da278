#!/usr/bin/env python3
"""Checks what is written about the modules against what they do.

    python3 tests/run_docs.py --name docs --micropython build/host/micropython [filter ...]

A filter is a part of a check's name; with none, all run:

    example NAME.rst:LINE   prints on CPython and on MicroPython what its comments say
    manual MODULE           docs/library names what typings has, with the same parameters
    stub MODULE             typings has the names that the module has, and the same parameters
    types                   mypy accepts typings, the examples of the manual and examples/
    differences             each script of tests/cpydiff prints something else on MicroPython than
                            on CPython, and docs/differences.md says what

The last line is `NAME: N passed, N failed, N skipped`; the exit status is 1 if any failed.
"""

import argparse
import ast
import concurrent.futures
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import gen_differences
import run_both

MANUAL = ROOT / "docs" / "library"
TYPINGS = ROOT / "typings"
MODULES = ("threading", "queue")


class Skip(Exception):
    pass


def diff(written, where, got):
    lines = [text.splitlines() for text in (written, got)]
    return list(difflib.unified_diff(*lines, "written", where, lineterm=""))


############################################################
# Examples: a literal block of the manual is a program. Its lines `# -> TEXT`, or what stands so
# behind a statement, are its output. `# since 3.14` in the first line: not for older CPythons.


class Example:
    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.output = "".join(line + "\n" for line in re.findall(r"# -> (.*)$", text, re.M))
        match = re.match(r"# since (\d+)\.(\d+)\n", text)
        self.since = (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def examples():
    for module in MODULES:
        path = MANUAL / (module + ".rst")
        lines = path.read_text().splitlines()
        for i, line in enumerate(lines):
            if line.endswith("::") and not line.startswith(".. "):
                block = literal_block(lines[i + 1 :], len(line) - len(line.lstrip()))
                yield Example("{}:{}".format(path.name, i + 1), block)


def literal_block(lines, indent):
    """The lines that are indented deeper, without what all have in common."""
    block = []
    for line in lines:
        if line and len(line) - len(line.lstrip()) <= indent:
            break
        block.append(line)
    margin = min(len(line) - len(line.lstrip()) for line in block if line)
    return "\n".join(line[margin:] for line in block).strip("\n") + "\n"


def check_example(example, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.py"
        path.write_text(example.text)
        runs = [("MicroPython", options.micropython_command)]
        if options.version >= example.since:
            runs.append(("CPython", options.cpython_command))
        faults = [] if example.output else ["prints nothing, so shows nothing"]
        for name, command in runs:
            result = run_both.run(command, path, options.timeout)
            faults += diff(example.output, name, result.stdout)
            if result.status or result.stderr:
                faults += ["{}: exit status {}".format(name, result.status), result.stderr]
    return faults


############################################################
# Names and parameters: of a stub, of the manual, of a module


def parameters(arguments, bound):
    """An ast.arguments as text, without annotations and without self."""
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    text = ast.unparse(arguments)
    return re.sub(r"^\w+(, )?", "", text) if bound else text


# Bases from elsewhere: an object of each, whose names are not compared.
FOREIGN_BASES = {"Exception": "Exception()", "RuntimeError": "Exception()", "Tuple": "()"}


class Stub:
    """The names of a module's stub, dotted for members of classes: each with its parameters, None
    where it is not called. A class has those of its constructor."""

    def __init__(self, module):
        self.names = {}
        self.bases = {}
        path = TYPINGS / (module + ".pyi")
        for node in ast.parse(path.read_text(), str(path)).body:
            self.add("", node)

    def add(self, prefix, node):
        if isinstance(node, ast.ClassDef):
            self.names[node.name] = None
            self.bases[node.name] = [base_name(base) for base in node.bases]
            for member in node.body:
                self.add(node.name + ".", member)
            own = [self.names.get(node.name + m) for m in (".__init__", ".__new__")]
            inherited = [self.names.get(base) for base in self.bases[node.name]]
            given = [p for p in own + inherited if p is not None]
            is_foreign = any(base in FOREIGN_BASES for base in self.bases[node.name])
            self.names[node.name] = given[0] if given else None if is_foreign else ""
        elif isinstance(node, ast.FunctionDef):
            is_property = any(ast.unparse(d) == "property" for d in node.decorator_list)
            text = parameters(node.args, bool(prefix))
            self.names[prefix + node.name] = None if is_property else text
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            self.names[prefix + target.id] = None

    def members(self, name):
        """{member: its parameters} of a class and of its bases in the same file."""
        result = {}
        for base in self.bases[name]:
            if base in self.bases:
                result.update(self.members(base))
        prefix = name + "."
        result.update(
            (n[len(prefix) :], p) for n, p in self.names.items() if n.startswith(prefix)
        )
        return result


def base_name(node):
    return ast.unparse(node.value if isinstance(node, ast.Subscript) else node)


# Of the stubs alone, and constructors that are not compared: RLock() ignores arguments as
# CPython's does, which a type checker need not allow.
ONLY_IN_STUBS = {"_T", "_Seconds", "_WithBlock"}
NOT_COMPARED = {"RLock"}

# What MicroPython has in its own way, if at all.
SPECIAL = {"__init__", "__new__", "__getattribute__"}


def is_private(name):
    return any(part.startswith("_") for part in name.split("."))


def check_manual(module):
    """The manual has all that is public, and what it has beyond that is in the stub as well."""
    stub = Stub(module).names
    faults = []
    directive = r"^\.\. (?:function|class|data|exception|method|attribute):: (.*(?:\n {7,}.*)*)"
    text = (MANUAL / (module + ".rst")).read_text()
    documented = {}
    for block in re.findall(directive, text, re.M):
        for signature in block.split("\n"):
            name, bracket, rest = signature.strip().partition("(")
            documented[name] = rest[:-1] if bracket else None
    for name in sorted(set(stub) - set(documented)):
        if not is_private(name):
            faults.append("{}: not in the manual".format(name))
    for name, text in documented.items():
        if name not in stub:
            faults.append("{}: not in the stub".format(name))
        elif text is not None and stub[name] is not None:
            given = ast.parse("def f({}): pass".format(text)).body[0].args
            if parameters(given, False) != stub[name]:
                faults.append("{}({}): the stub has ({})".format(name, text, stub[name]))
    return faults


# How the probe makes an object of a class, where a call without arguments does not do.
CONSTRUCTED = {
    "ExceptHookArgs": "threading.ExceptHookArgs((None,) * 4)",
    "Timer": "threading.Timer(0, None)",
    "Barrier": "threading.Barrier(1)",
}

# Runs on MicroPython, whose functions do not tell their parameters: each call here is one that the
# function refuses before it does anything, and says why.
PROBE = """\
import {module}

many = [None] * 20


def names(what, obj, *without):
    seen = set(dir(obj))
    for other in without:
        seen -= set(dir(other))
    print(what, *sorted(seen), sep="\\t")


def refused(what, function):
    try:
        function()
        print(what, "accepted", sep="\\t")
    except TypeError as e:
        print(what, e, sep="\\t")


"""


def calls(function, text):
    """Yields (call, regular expression of its TypeError) for a function's parameters. It shows how
    many there are by position, their names, and which must be given; not that one may be left out."""
    args = ast.parse("def f({}): pass".format(text)).body[0].args
    if args.vararg or args.kwarg:
        return
    n = len(args.posonlyargs) + len(args.args)
    yield "{}(*many)".format(function), (
        r"\D*\b{} (positional )?argument|extra positional".format(n)
    )
    required = n - len(args.defaults)
    if required:
        given = ", ".join(["None"] * (required - 1))
        yield "{}({})".format(function, given), r".*(missing|were given|required)"
    for i, arg in enumerate(args.args):
        given = ", ".join(["None"] * (len(args.posonlyargs) + i + 1))
        call = "{}({}, {}=None)".format(function, given, arg.arg)
        yield call, r".*(multiple values for argument '{}'|extra keyword)".format(arg.arg)
    for arg in args.kwonlyargs:
        yield "{}({}=None, nonsense=None)".format(function, arg.arg), ".*'nonsense'"


def probe_of(module, stub):
    """The probe's text, {what: names expected}, {what: expression expected}."""
    lines, expected, errors = [PROBE.format(module=module)], {}, {}

    def add_names(what, obj, names, without=""):
        lines.append("names({!r}, {}{})\n".format(what, obj, without))
        expected[what] = set(names) - SPECIAL

    def add_calls(path, function, text):
        for call, error in calls(function, text) if text is not None else ():
            what = "{}, {}".format(path, call)
            lines.append("refused({!r}, lambda: {})\n".format(what, call))
            errors[what] = error

    top = [name for name in stub.names if "." not in name and name not in ONLY_IN_STUBS]
    add_names(module, module, top)
    for name in top:
        path = module + "." + name
        if name not in stub.bases:
            add_calls(path, path, stub.names[name])
        elif not name.startswith("_"):
            obj = CONSTRUCTED.get(name, path + "()")
            bases = [", " + FOREIGN_BASES[b] for b in stub.bases[name] if b in FOREIGN_BASES]
            add_names(path, obj, stub.members(name), "".join(bases))
            if name not in NOT_COMPARED:
                add_calls(path, path, stub.names[name])
            lines.append("obj = {}\n".format(obj))
            for member, text in stub.members(name).items():
                if not member.startswith("__"):
                    add_calls(path, "obj." + member, text)
    return "".join(lines), expected, errors


def check_stub(module, options):
    stub = Stub(module)
    probe, expected, errors = probe_of(module, stub)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.py"
        path.write_text(probe)
        result = run_both.run(options.micropython_command, path, options.timeout)
    faults = []
    if result.status or result.stderr:
        faults += ["probe: exit status {}".format(result.status), result.stderr]
    for line in result.stdout.splitlines():
        what, *answer = line.split("\t")
        if what in errors:
            pattern = errors.pop(what)
            if not re.match(pattern, answer[0]):
                faults.append("{}: {}, not {}".format(what, answer[0], pattern))
        else:
            # Special methods are everywhere: those of the stub have to be there.
            there = set(answer)
            want = expected.pop(what)
            faults += ["{}.{}: not in the module".format(what, n) for n in sorted(want - there)]
            there = {name for name in there if not name.startswith("__")}
            faults += ["{}.{}: not in the stub".format(what, n) for n in sorted(there - want)]
    return faults + ["{}: no answer".format(what) for what in [*errors, *expected]]


def check_types(options):
    if not os.path.exists(options.mypy):
        raise Skip("no " + options.mypy)
    faults = mypy(options, ["--strict"] + [module + ".pyi" for module in MODULES])
    with tempfile.TemporaryDirectory() as folder:
        names = [str(path) for path in sorted((ROOT / "examples").glob("*.py"))]
        for example in examples():
            path = Path(folder) / (re.sub(r"\W", "_", example.name) + ".py")
            path.write_text(example.text)
            names.append(str(path))
        faults += mypy(options, ["--check-untyped-defs"] + names)
    return faults


def mypy(options, arguments):
    result = subprocess.run(
        [options.mypy, "--cache-dir=/dev/null", "--no-error-summary"] + arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=str(TYPINGS),
        env=dict(os.environ, MYPYPATH=str(TYPINGS)),
    )
    return result.stdout.decode().splitlines() if result.returncode else []


############################################################
# Differences


def check_differences(options):
    """Of the version that the page is about: others may differ in less."""
    code = "import sys; print(*sys.implementation.version[:2], sep='.')"
    command = options.micropython_command + ["-c", code]
    version = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    if version != gen_differences.VERSION:
        raise Skip("the page is about MicroPython " + gen_differences.VERSION)
    faults = []
    differences = gen_differences.differences()
    for difference in differences:
        difference.run(options.cpython_command, options.micropython_command)
        if not difference.differs():
            faults += ["{}: both print".format(difference.path.name), difference.cpython]
    written = gen_differences.PAGE.read_text() if gen_differences.PAGE.exists() else ""
    return faults + diff(written, "printed", gen_differences.page(differences))


############################################################


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="docs", help="name of this run in the closing line")
    parser.add_argument("--micropython", required=True, help="command of the build under test")
    parser.add_argument("--cpython", default="/usr/bin/python3", help="CPython to compare with")
    parser.add_argument("--mypy", default="/usr/bin/mypy", help="the type checker")
    parser.add_argument("--jobs", type=int, default=2, help="checks that run at once")
    parser.add_argument("--timeout", type=float, default=60, help="seconds that a run may take")
    parser.add_argument("filters", nargs="*", metavar="filter", help="part of a check's name")
    options = parser.parse_args()
    options.micropython_command = run_both.absolute(options.micropython)
    options.cpython_command = run_both.absolute(options.cpython)
    options.version = run_both.cpython_version(options.cpython_command)
    return options


class Check:
    def __init__(self, name, function):
        self.name = name
        self.function = function  # of the options; returns a list of faults


def checks():
    for example in examples():
        yield Check("example " + example.name, lambda o, e=example: check_example(e, o))
    for module in MODULES:
        yield Check("manual " + module, lambda o, m=module: check_manual(m))
        yield Check("stub " + module, lambda o, m=module: check_stub(m, o))
    yield Check("types", check_types)
    yield Check("differences", check_differences)


def main():
    options = parse_options()
    chosen = list(checks())
    if options.filters:
        chosen = [c for c in chosen if any(f in c.name for f in options.filters)]
    report = run_both.Report(len(chosen))

    def one(check):
        try:
            faults = check.function(options)
            report.add(check, "failed" if faults else "passed", faults)
        except Skip as e:
            report.add(check, "skipped", [str(e)])

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, chosen))
    report.clear()
    print("{}: {passed} passed, {failed} failed, {skipped} skipped".format(
        options.name, **report.counts))
    return 1 if report.counts["failed"] or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
