# SPDX-License-Identifier: GPL-2.0
"""What must run: the file `plan`, the case tables in the sources, and the built .config.

    suite <suite> <source>                        a suite, and the file that has its case table
    needs <suite> <symbol> <words>                Kconfig drops it without CONFIG_<symbol>, and why
    cannot <suite> <tree>/<arch> <words>          why it cannot be there; * matches any

A suite may need several symbols: the first that is not set gives the words.  Every case of a suite
that is there must run, or say why it is skipped.  What becomes of it on the named trees stands in
expected/, see expected.py.
"""

import fnmatch
import os
import re
from dataclasses import dataclass, field

from runner import arches, trees
from runner.errors import Unjudged, unknown

CASE = re.compile(r"^\s*KUNIT_CASE(?:_PARAM|_SLOW|_ATTR|_WITH_INIT)*\(\s*(\w+)", re.M)
LACKS = "mm/tests/compat/lacks.c"
FUNCTION = re.compile(r"^static void (?:__maybe_unused )?(\w+)\(struct kunit \*\w*\)", re.M)


@dataclass
class Suite:
    name: str
    source: str

    @property
    def symbol(self):
        return f"CONFIG_{self.name.upper()}_KUNIT_TEST"

    def only_arch(self):
        """The one arch that has the suite's source, or None."""
        parts = self.source.split("/")
        return parts[1] if parts[0] == "arch" else None


@dataclass
class Plan:
    suites: dict = field(default_factory=dict)
    needs: dict = field(default_factory=dict)   # suite -> [(symbol, words)]
    cannot: list = field(default_factory=list)  # (suite, tree/arch, words)

    def why_not(self, suite, cell):
        """The words of the plan that say why @suite cannot be in @cell, or ""."""
        return next((words for name, pattern, words in self.cannot
                     if fnmatch.fnmatch(suite, name) and fnmatch.fnmatch(cell, pattern)), "")

    def pick(self, names):
        """The suites of these names, all without names."""
        for name in names:
            if name not in self.suites:
                raise unknown("suite", name, sorted(self.suites))
        return [self.suites[name] for name in (names or self.suites)]


def read(root):
    """The Plan of the checkout at @root."""
    plan = Plan()
    path = os.path.join(root, "plan")
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                words = line.split("#")[0].split()
                if words:
                    try:
                        _line(plan, words)
                    except (ValueError, IndexError):
                        raise Unjudged(f"{path}:{number}: cannot read: {line.strip()}") from None
                    except Unjudged as why:
                        raise Unjudged(f"{path}:{number}: {why}") from None
    except FileNotFoundError:
        raise Unjudged(f"{path} is missing") from None
    return plan


def _line(plan, words):
    """Take in one line of the file; ValueError or IndexError if it is none, Unjudged if it is
    about something that does not exist."""
    kind, name, more = words[0], words[1], words[2:]
    if kind == "suite":
        plan.suites[name], = [Suite(name, source) for source in more]
    elif kind in ("needs", "cannot"):
        if name not in plan.suites:
            raise unknown("suite", name, sorted(plan.suites))
        where, why = more[0], " ".join(more[1:])
        if not why:
            raise ValueError("no words")
        if kind == "needs":
            plan.needs.setdefault(name, []).append((where, why))
        else:
            _check_cell(where)
            plan.cannot.append((name, where, why))
    else:
        raise ValueError(kind)


def _check_cell(cell):
    """Unjudged if @cell, "6.1/s390" with * for any tree or arch, names what does not exist."""
    tree, arch = cell.split("/")
    if tree not in ("*", *trees.NAMED):
        raise unknown("tree", tree, sorted(trees.NAMED))
    if arch not in ("*", *arches.MACHINES):
        raise unknown("arch", arch, sorted(arches.MACHINES))


def case_table(text):
    """[case] of a suite's source."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
    return CASE.findall(_one_a_line(text))


def cases(plan, root):
    """{suite: [all its cases]} of the checkout at @root, in the order of their tables."""
    return {suite.name: case_table(_text(os.path.join(root, suite.source)))
            for suite in plan.suites.values()}


def _one_a_line(text):
    """Several entries may share a line of the table; a macro's definition is no entry."""
    text = re.sub(r"^#\s*define(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
    return re.sub(r"\),\s*", "),\n", text)


def lint(plan, root):
    """What is inconsistent between the sources, the plan and Kconfig: a list of sentences."""
    wrong, symbols = [], ""
    for folder, _, names in os.walk(root):
        folder_is_ours = os.sep + os.path.join("mm", "tests") in folder + os.sep
        if "Kconfig" in names and folder_is_ours:
            symbols += _text(os.path.join(folder, "Kconfig"))
    for suite in plan.suites.values():
        path = os.path.join(root, suite.source)
        if not os.path.exists(path):
            wrong.append(f"plan: {suite.name}: {suite.source} does not exist")
            continue
        text = _text(path)
        names = case_table(text)
        for name in FUNCTION.findall(text):
            if names.count(name) != 1 and not _is_helper(text, name):
                wrong.append(f"{suite.source}: {name} is in {names.count(name)} case tables")
        if not names:
            wrong.append(f"{suite.source}: it has no case table")
        if f"config {suite.symbol[7:]}\n" not in symbols:
            wrong.append(f"Kconfig: {suite.symbol[7:]} is not defined")
        folders = kunitconfigs(suite.only_arch())
        if not any(f"{suite.symbol}=y\n" in _text(os.path.join(root, name)) for name in folders
                   if os.path.exists(os.path.join(root, name))):
            wrong.append(f"{suite.symbol} is asked for in none of {', '.join(folders)}")
    for symbol in sorted({symbol for needs in plan.needs.values() for symbol, _ in needs}):
        if symbol.startswith("MM_KUNIT_") and f"config {symbol}\n" not in symbols:
            wrong.append(f"Kconfig: {symbol} is not defined")
    every = {case for names in cases(plan, root).values() for case in names} if not wrong else set()
    for name in _lacking(os.path.join(root, LACKS)) if every else []:
        if name not in every:
            wrong.append(f"{LACKS}: no suite has a case {name}")
    return wrong


def _lacking(path):
    """The cases that the C file @path says a tree may be unable to run; none if it is missing."""
    text = _text(path) if os.path.exists(path) else ""
    lists = re.findall(r"^static const char \*const \w+\[\] = \{(.*?)^\};", text, re.M | re.S)
    return re.findall(r'"(\w+)"', "".join(lists))


def kunitconfigs(arch):
    """The files that ask Kconfig for suites, later ones over earlier ones; @arch may be None."""
    tops = ["mm/tests"] + ([f"arch/{arch}/mm/tests"] if arch else [])
    return [".kunitconfig", *(f"{top}/.kunitconfig" for top in tops[1:]),
            *(f"{top}/compat/.kunitconfig" for top in tops)]


def _is_helper(text, name):
    """A function that is called, or is a suite's init or exit, is no case."""
    return re.search(rf"\b{name}\(test\b|\.\w*(?:init|exit) = {name}\b", text)


def _text(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


@dataclass
class Owed:
    """What one suite must tell of here.  @problem says why it cannot even be asked, @absent why it
    has the right not to be there."""
    suite: Suite
    cases: list = field(default_factory=list)
    problem: str = ""
    absent: str = ""


def owed(plan, suite, stage, config):
    """Owed of @suite for the built @config, by the case table that is in the @stage."""
    result = Owed(suite)
    if suite.symbol not in config:
        result.absent = next((words for symbol, words in plan.needs.get(suite.name, [])
                              if f"CONFIG_{symbol}" not in config), "")
        if result.absent:
            return result
        result.problem = f"dropped by Kconfig: {suite.symbol} is not set"
    result.cases = case_table(_text(os.path.join(stage, suite.source)))
    return result


def read_config(path):
    """{symbol: value} of a .config; symbols that are not set are left out."""
    config = {}
    with open(path, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            if line.startswith("CONFIG_") and "=" in line:
                key, value = line.rstrip("\n").split("=", 1)
                config[key] = value
    return config
