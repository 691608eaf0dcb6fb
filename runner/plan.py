# SPDX-License-Identifier: GPL-2.0
"""What is owed: the file `plan`, the case tables in the sources, and the built .config.

    <suite> <source> <tree>/<arch>=<cases> ...    cases of the named cells; "?" pins nothing
    when <CONDITION> <words>                      what a condition of a case table means
    arch <arch> <CONDITION> ...                   must hold there with our own configuration
    skip <suite> <case> <CONDITION>               may skip where the condition holds; * matches any
    known <suite> <case> <CONDITION> <words>      a tree's own bug: fails where the condition holds
    needs <suite> <CONDITION>                     Kconfig may drop it where the condition does not hold
    cannot <suite> <tree>/<arch> <words>          why the suite is not owed there; * matches any

A case is owed where the condition in its table is compiled in: CONFIG_MM_KUNIT_<CONDITION>=y.
"""

import fnmatch
import os
import re
from dataclasses import dataclass, field

from runner.errors import Unjudged, unknown

CASE = re.compile(r"^\s*(?:MM_)?KUNIT_CASE((?:_PARAM|_SLOW|_ATTR)*)(_IF)?\(([^)]*)\)", re.M)
FUNCTION = re.compile(r"^static void (?:__maybe_unused )?(\w+)\(struct kunit \*\w*\)", re.M)


@dataclass
class Suite:
    name: str
    source: str
    cells: dict                      # "6.1/x86_64" -> cases, None where not pinned

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
    when: dict = field(default_factory=dict)
    arch: dict = field(default_factory=dict)
    skips: list = field(default_factory=list)   # (suite, case, condition)
    known: dict = field(default_factory=dict)   # (suite, case) -> (condition, words)
    needs: dict = field(default_factory=dict)   # suite -> condition
    cannot: list = field(default_factory=list)  # (suite, tree/arch, words)

    def why_not(self, suite, cell):
        """The words of the plan that say why @suite is not owed in @cell, or ""."""
        return next((words for name, pattern, words in self.cannot
                     if fnmatch.fnmatch(suite, name) and fnmatch.fnmatch(cell, pattern)), "")

    def may_skip(self, suite, case, config):
        """May @case skip, with the symbols @config set?"""
        return any(name == suite and fnmatch.fnmatch(case, pattern)
                   and f"CONFIG_MM_KUNIT_{condition}" in config
                   for name, pattern, condition in self.skips)

    def known_failure(self, suite, case, config):
        """The words that say why @case fails on this very tree, or ""."""
        condition, words = self.known.get((suite, case), ("", ""))
        return words if f"CONFIG_MM_KUNIT_{condition}" in config else ""

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
    except FileNotFoundError:
        raise Unjudged(f"{path} is missing") from None
    return plan


def _line(plan, words):
    if words[0] == "when":
        plan.when[words[1]] = " ".join(words[2:])
    elif words[0] == "arch":
        plan.arch[words[1]] = words[2:]
    elif words[0] == "skip":
        plan.skips.append((words[1], words[2], words[3]))
    elif words[0] == "known":
        plan.known[words[1], words[2]] = words[3], " ".join(words[4:])
    elif words[0] == "needs":
        plan.needs[words[1]] = words[2]
    elif words[0] == "cannot":
        plan.cannot.append((words[1], words[2], " ".join(words[3:])))
    else:
        cells = (word.split("=") for word in words[2:])
        plan.suites[words[0]] = Suite(words[0], words[1],
                                      {k: None if v == "?" else int(v) for k, v in cells})


def case_table(text):
    """[(case, condition or None)] of a suite's source."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
    table = []
    for match in CASE.finditer(_one_a_line(text)):
        arguments = [a.strip() for a in match.group(3).split(",")]
        condition = arguments.pop(0) if match.group(2) else None
        table.append((arguments[0], condition))
    return table


def cases(plan, root):
    """{suite: [all its cases]} of the checkout at @root, in the order of their tables."""
    return {suite.name: [case for case, _ in case_table(_text(os.path.join(root, suite.source)))]
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
        table = case_table(text)
        names = [name for name, _ in table]
        for name in FUNCTION.findall(text):
            if names.count(name) != 1 and not _is_helper(text, name):
                wrong.append(f"{suite.source}: {name} is in {names.count(name)} case tables")
        for name, condition in table:
            if condition and condition not in plan.when:
                wrong.append(f"plan: condition {condition} of {name} has no 'when' line")
        for (name, case), (condition, _) in plan.known.items():
            if name == suite.name and (case not in names or condition not in plan.when):
                wrong.append(f"plan: known {name} {case} {condition}: no such case or condition")
        if plan.needs.get(suite.name) not in (None, *plan.when):
            wrong.append(f"plan: needs {suite.name} {plan.needs[suite.name]}: no such condition")
        if f"config {suite.symbol[7:]}\n" not in symbols:
            wrong.append(f"Kconfig: {suite.symbol[7:]} is not defined")
    for condition in plan.when:
        if f"config MM_KUNIT_{condition}\n" not in symbols:
            wrong.append(f"Kconfig: MM_KUNIT_{condition} is not defined")
    return wrong


def _is_helper(text, name):
    """A function that is called, or is a suite's init or exit, is no case."""
    return re.search(rf"\b{name}\(test\b|\.\w*(?:init|exit) = {name}\b", text)


def _text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@dataclass
class Owed:
    """What one suite owes here.  @problem says why it cannot even be asked."""
    suite: Suite
    cases: list = field(default_factory=list)
    not_owed: dict = field(default_factory=dict)   # condition -> [cases]
    problem: str = ""


def owed(plan, suite, cell, stage, config, own_config=True):
    """Owed of @suite for the built @config; None where its arch is another one.

    @cell is "6.1/x86_64" for a named tree, None for a tree by path or a changed configuration:
    nothing is pinned there.
    """
    result, needs = Owed(suite), plan.needs.get(suite.name)
    table = case_table(_text(os.path.join(stage, suite.source)))
    if suite.symbol not in config:
        if needs and f"CONFIG_MM_KUNIT_{needs}" not in config:
            result.not_owed[needs] = [name for name, _ in table]
            table = []
        else:
            result.problem = f"dropped by Kconfig: {suite.symbol} is not set"
    for name, condition in table:
        if condition is None or f"CONFIG_MM_KUNIT_{condition}" in config:
            result.cases.append(name)
        else:
            result.not_owed.setdefault(condition, []).append(name)
    pinned = suite.cells.get(cell) if own_config else None
    if not result.problem and pinned is not None and pinned != len(result.cases):
        result.problem = (f"the plan says {pinned} cases for {cell}, "
                          f"the case table owes {len(result.cases)}")
    return result


def read_config(path):
    """{symbol: value} of a .config; symbols that are not set are left out."""
    config = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("CONFIG_") and "=" in line:
                key, value = line.rstrip("\n").split("=", 1)
                config[key] = value
    return config
