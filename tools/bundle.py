#!/usr/bin/env python3
"""Makes the bundle, the whole agent as one ROMFS image, and says what it weighs.

    python3 tools/bundle.py MPY_DIR MPY_CROSS [-o agent.romfs] [--version 1.2.0] [--key KEY.pub]

MPY_DIR is MicroPython's tree, MPY_CROSS its compiler. The version and the keys of upgrades (the
second lines of .pub files of signify) are those of agent/release.py where they are not given.

A .mpy file has a table of the names that it uses, so one file for all modules is smaller than one
for each. Three steps make it:

- Merger: modules become one by leaving out the imports between them. A global name that two of
  them use for different things has the module's name behind it in one.
- Shortener: names with an underscore, which nobody outside uses, become as short as can be.
- often_used_first(): the first 128 names of the table take one byte where they are used, the
  others two.
"""

import argparse
import ast
import base64
import builtins
import collections
import itertools
import keyword
import os
import re
import string
import subprocess
import sys
import tempfile

AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../agent")

# The files of the bundle: each is the module of its name and all that this imports, but for what
# is in here. The second is the process of a function, which shall be small.
PROGRAMS = ("core", "child")


class Stop(Exception):
    """The bundle cannot be made, and why."""


def merged_names(node):
    """Of an import: (module of agent/, what of it or None, its name here), if it is left out."""
    if isinstance(node, ast.ImportFrom):
        package, _, module = node.module.partition(".")
        for alias in node.names:
            here = alias.asname or alias.name
            if package == "agent" and (module or alias.name) not in PROGRAMS:
                yield (module, alias.name, here) if module else (alias.name, None, here)


def bound(node):
    """The names that a statement binds where it stands."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.alias):
        return {node.asname or node.name}
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    return set().union(*map(bound, ast.iter_child_nodes(node)))


class Pruner(ast.NodeTransformer):
    """Leaves out what is for CPython alone."""

    def visit_If(self, node):
        self.generic_visit(node)
        return node.orelse if getattr(node.test, "id", None) == "CPYTHON" else node

    def visit_Assign(self, node):
        return None if getattr(node.targets[0], "id", None) == "CPYTHON" else node


class Merger(ast.NodeTransformer):
    """One module of several. Those that others need are added first."""

    def __init__(self):
        self.imports = {}  # name: (module of others, what of it or None)
        self.called = {}  # (module, global name): what it is called here
        self.meanings = {name: "Python's" for name in dir(builtins)}
        self.body = []

    def add(self, module, tree, whole=True):
        self.module = module
        self.names = {}  # global ones of this module: what they are called
        self.aliases = {}  # what it calls modules that are merged
        self.scope = None  # a function's or a class' node
        body = []
        for node in Pruner().visit(tree).body:
            if any(merged_names(node)):
                self.leave_out(node)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                for alias in node.names:
                    what = (getattr(node, "module", None) or alias.name, alias.name)
                    for here in bound(alias):
                        self.imports[self.call(here, what)] = what
            else:
                body.append(node)
                for name in bound(node):
                    self.call(name, module)
        body = list(map(self.visit, body))
        if whole:
            self.body += body

    def call(self, name, meaning):
        """Finds a name for what a module calls so, and returns it."""
        new = name
        while self.meanings.setdefault(new, meaning) != meaning:
            new += "_" + self.module
        self.names[name] = self.called[self.module, name] = new
        return new

    def leave_out(self, node):
        for module, name, here in merged_names(node):
            if name is None:
                self.aliases[here] = module
            elif name == here and (module, name) in self.called:
                self.names[name] = self.called[self.module, name] = self.called[module, name]
            else:
                self.stop(node, "cannot merge the import of " + name)
        return ast.Pass()

    def new(self, name):
        return self.names.get(name, name)

    def stop(self, node, text):
        raise Stop("agent/%s.py:%d: %s" % (self.module, getattr(node, "lineno", 0), text))

    def stays(self, node, names):
        """What others know by these names is not renamed."""
        for name in names:
            if self.new(name) != name:
                self.stop(node, "%s is also a global name, which another module has" % name)

    def visit_ImportFrom(self, node):
        if any(merged_names(node)):
            return self.leave_out(node)
        self.stays(node, bound(node))
        return node

    def visit_Import(self, node):
        self.stays(node, bound(node))
        return node

    def visit_arg(self, node):
        self.stays(node, {node.arg})
        return node

    def visit_Name(self, node):
        node.id = self.new(node.id)
        return node

    def visit_Global(self, node):
        node.names = list(map(self.new, node.names))
        return node

    def visit_ExceptHandler(self, node):
        node.name = self.new(node.name)
        return self.generic_visit(node)

    def visit_ClassDef(self, node):
        for child in node.body:
            if not isinstance(child, ast.FunctionDef):
                self.stays(child, bound(child))
        return self.visit_scope(node)

    def visit_FunctionDef(self, node):
        return self.visit_scope(node)

    def visit_scope(self, node):
        if not isinstance(self.scope, ast.ClassDef):
            node.name = self.new(node.name)
        outer, self.scope = self.scope, node
        node.sets = []
        self.generic_visit(node)
        if node.sets:
            node.body.insert(0, ast.Global(node.sets))
        self.scope = outer
        return node

    def visit_Attribute(self, node):
        """A name of a module that is merged is a global one."""
        self.generic_visit(node)
        module = self.aliases.get(getattr(node.value, "id", None))
        if module is None:
            return node
        name = self.called.get((module, node.attr))
        function = self.scope
        if name is None:
            self.stop(node, "agent.%s has no %s" % (module, node.attr))
        if not isinstance(function, ast.FunctionDef):
            self.stop(node, "cannot merge this use of agent." + module)
        if name in {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}.union(
                *map(bound, function.body)):
            self.stop(node, "%s is also a local name" % name)
        if isinstance(node.ctx, ast.Store):
            function.sets.append(name)
        return ast.Name(name, node.ctx)

    def tree(self):
        imports = collections.defaultdict(list)
        for here, (module, name) in sorted(self.imports.items()):
            if name == module:
                self.body.insert(0, ast.Import([ast.alias(name, here)]))
            elif name != "const":  # which the compiler knows
                imports[module].append(ast.alias(name, here))
        body = [ast.ImportFrom(*each, 0) for each in imports.items()] + self.body
        return ast.fix_missing_locations(ast.Module(body, []))


def is_private(name):
    return re.match("_[A-Za-z]", name)


def constants(tree):
    """Private names of numbers, in capitals, which all become const(): they are in no table."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and re.match("_[A-Z]", getattr(node.targets[0], "id", "")):
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, (int, float)):
                node.value = ast.Call(ast.Name("const", ast.Load()), [node.value], [])
            if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "const":
                names.add(node.targets[0].id)
    return names


def short_names(taken):
    """The shortest first."""
    for n in itertools.count(1):
        for name in map("".join, itertools.product(string.ascii_lowercase, repeat=n)):
            if name not in taken and not keyword.iskeyword(name):
                yield name


def find_owners(tree):
    """Private attribute: the classes that have it."""
    owners = collections.defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
            for name in filter(is_private, set().union(*map(bound, node.body)) - names):
                raise Stop("%s of %s is no method" % (name, node.name))
            for n in ast.walk(node):
                if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store):
                    if is_private(n.attr) and getattr(n.value, "id", None) != "self":
                        raise Stop("%s of another object is set" % n.attr)
                    names.add(n.attr)
            for name in filter(is_private, names):
                owners[name].add(node.name)
                if any(getattr(base, "id", "") not in dir(builtins) for base in node.bases):
                    raise Stop("%s of %s may be its base's" % (name, node.name))
    return owners


class Shortener(ast.NodeTransformer):
    """Renames private functions and classes, and private attributes of classes.

    Two attributes may have the same name if no class has both: whose an attribute is can only be
    told by its name.
    """

    def __init__(self, tree):
        names = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name)]
        names += [n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)]
        own = set().union(*map(bound, tree.body))
        own = sorted(set(filter(is_private, own)) - constants(tree))
        self.globals = dict(zip(own, short_names(names + dir(builtins) + sorted(bound(tree)))))
        self.attributes = {}
        attributes = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
        self.owners = owners = find_owners(tree)
        classes = {name: set() for name in itertools.islice(short_names(attributes), len(owners))}
        for name in sorted(owners, key=lambda name: (-attributes.count(name), name)):
            new = next(new for new, having in classes.items() if not having & owners[name])
            self.attributes[name] = new
            classes[new] |= owners[name]
        strings = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
        for name in strings.intersection(self.attributes.keys() | self.globals.keys()):
            raise Stop("%s is also a string" % name)

    def names(self):
        """What each short name stands for."""
        lines = ["%s: %s" % (new, old) for old, new in self.globals.items()]
        for old, new in self.attributes.items():
            lines += ["%s: %s.%s" % (new, owner, old) for owner in self.owners[old]]
        return sorted(lines)

    def visit_Name(self, node):
        node.id = self.globals.get(node.id, node.id)
        return node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        node.attr = self.attributes.get(node.attr, node.attr)
        return node

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.name = self.globals.get(node.name, node.name)
        return node

    def visit_ClassDef(self, node):
        for child in node.body:
            if isinstance(child, ast.FunctionDef):
                child.name = self.attributes.get(child.name, child.name)
        return self.visit_FunctionDef(node)


def often_used_first(tree):
    """Mentions names, in what is never run: the table has them as they are mentioned."""
    uses = collections.Counter()
    own = bound(tree).union(dir(builtins)) - constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            uses[node.id] += node.id in own
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str) and len(node.value) <= 10:  # a longer one is no name
                uses[node.value] += 1
        else:
            uses.update(filter(None, (getattr(node, k, None) for k in ("attr", "arg", "name"))))
            if isinstance(node, ast.ClassDef):
                uses.update(("__module__", "__qualname__"))
    mention = ast.Name("_", ast.Load())
    names = [n for n, _ in sorted(uses.items(), key=lambda use: (-use[1], use[0]))]
    names = [n for n in names if n.isidentifier() and not keyword.iskeyword(n)]
    if len(names) > 126:  # the table begins with two others
        for name in names[:126]:
            mention = ast.Attribute(mention, name, ast.Load())
        never = ast.BoolOp(ast.Or(), [ast.Name("__name__", ast.Load()), mention])
        tree.body.insert(0, ast.Expr(never))
    return ast.fix_missing_locations(tree)


class Bundle:
    def __init__(self, mpy_dir, mpy_cross, version=None, keys=(), without=(), folder=AGENT):
        self.mpy_dir = mpy_dir
        self.mpy_cross = mpy_cross
        self.without = without
        self.sizes = {}  # of programs
        self.names = {}  # of programs: lines
        self.sources = {}
        for name in sorted(os.listdir(folder)):
            if name.endswith(".py") and name not in ("__init__.py", "manifest.py"):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    self.sources[name[:-3]] = f.read()
        release = {}
        exec(self.sources["release"], release)
        release = version or release["VERSION"], tuple(keys) or release["KEYS"]
        self.sources["release"] = "VERSION = %r\nKEYS = %r\n" % release

    def origin(self, module, name):
        """The module that a name of a module comes from."""
        for node in ast.parse(self.sources[module]).body:
            for other, what, here in merged_names(node):
                if here == name and what:
                    return self.origin(other, what)
        return module

    def merged(self, program):
        """The tree of a program. What its own module knows by a name is called so."""
        merger = Merger()
        for node in ast.parse(self.sources[program]).body:
            for _, name, here in merged_names(node):
                if name:
                    merger.meanings[here] = self.origin(program, here)
        done = []

        def add(module):
            if module not in done:
                done.append(module)
                tree = ast.parse(self.sources[module], module + ".py")
                for node in ast.walk(tree):
                    for other, _, _ in merged_names(node):
                        add(other)
                merger.add(module, tree, module not in self.without)

        add(program)
        return merger.tree()

    def source(self, program):
        tree = self.merged(program)
        shortener = Shortener(tree)
        self.names[program] = shortener.names()
        tree = shortener.visit(tree)
        return ast.unparse(often_used_first(tree)) + "\n"

    def compiled(self, program):
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, program)
            with open(name + ".py", "w", encoding="utf-8") as f:
                f.write(self.source(program))
            subprocess.run(
                [self.mpy_cross, "-O3", "-s", program + ".py", "-o", name + ".mpy", name + ".py"],
                check=True,
            )
            with open(name + ".mpy", "rb") as f:
                return f.read()

    def image(self):
        sys.path.insert(0, os.path.join(self.mpy_dir, "tools/mpremote/mpremote"))
        from romfs import VfsRomWriter

        writer = VfsRomWriter()
        for program in PROGRAMS:
            code = self.compiled(program)
            self.sizes[program] = len(code)
            writer.mkfile(program + ".mpy", code)
        return writer.finalise()


def public_key(name):
    """The second line of a .pub file of signify."""
    with open(name, encoding="ascii") as f:
        line = f.read().split("\n")[1:2]
    try:
        key = base64.b64decode(line[0], validate=True)
    except (IndexError, ValueError):
        key = b""
    if len(key) != 42 or key[:2] != b"Ed":
        raise Stop(name + " is no public key of signify")
    return line[0]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mpy_dir", metavar="MPY_DIR", help="MicroPython's tree")
    parser.add_argument("mpy_cross", metavar="MPY_CROSS", help="its compiler")
    parser.add_argument("-o", metavar="FILE", help="where the bundle goes")
    parser.add_argument("--version", help="as in 1.2.0")
    parser.add_argument("--key", action="append", default=[], metavar="FILE.pub",
                        help="of who may replace it; may be repeated")
    parser.add_argument("--without", action="append", default=[], metavar="MODULE",
                        help="leave out its code, to see what it weighs; may be repeated")
    parser.add_argument("--names", action="store_true", help="print what short names stand for")
    parser.add_argument("--parts", action="store_true", help="print what each module adds")
    return parser.parse_args()


def main():
    options = parse_options()
    if options.version and not re.fullmatch(r"\d+(\.\d+)*", options.version):
        raise Stop("--version: numbers with dots between them")
    keys = [public_key(name) for name in options.key]
    how = options.mpy_dir, options.mpy_cross, options.version, keys
    bundle = Bundle(*how, options.without)
    image = bundle.image()
    for name in bundle.sources if options.parts else ():
        if name not in PROGRAMS:
            less = len(image) - len(Bundle(*how, options.without + [name]).image())
            print("%-12s %6d" % (name, less))
    if options.names:
        for program in PROGRAMS:
            for line in bundle.names[program]:
                print(program, line)
    for name, size in list(bundle.sizes.items()) + [("all", len(image))]:
        print("%-12s %6d" % (name, size))
    if options.o:
        with open(options.o + ".new", "wb") as f:
            f.write(image)
        os.replace(options.o + ".new", options.o)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    try:
        main()
    except (Stop, OSError, subprocess.CalledProcessError) as e:
        sys.exit("error: %s" % e)
