# SPDX-License-Identifier: GPL-2.0
"""The museum: museum/<tree>/<suite>-<slug>.patch, a re-introduced bug each.

A patch begins with words that say what is wrong with it applied, then come tags, then the diff:

    Undoes: <commit> ("<subject>"), <version>     the fix that it takes back, or
    Like: <commit or kind>                        made up, like that one
    Arch: <arch>                                  where it is built; x86_64 if it does not say
    Red: <case>                                   must go red; one a line; of another suite than
                                                  the file's: <suite>.<case>
    Crash: <case>                                 the kernel must not come back from it

museum/equivalent lists those that no deterministic test can see: its path, and why.  Where that
begins with "race: " a case may see it now and then.
"""

import glob
import os
import re
from dataclasses import dataclass, field

from runner import patches, plan
from runner.errors import Unjudged

TAG = re.compile(r"^(Undoes|Like|Arch|Red|Crash): (.+)$", re.M)
EQUIVALENT = "equivalent"


@dataclass
class Mutant:
    """One patch.  @name is "6.1/rmap_unmap-no-flush"; @why: for this reason it is equivalent."""
    name: str
    path: str
    tree: str
    suite: str
    says: str
    origin: str
    arch: str = "x86_64"
    red: list = field(default_factory=list)
    crash: list = field(default_factory=list)
    files: list = field(default_factory=list)
    beside: dict = field(default_factory=dict)  # case of another suite -> that suite
    why: str = ""

    def suites(self):
        """Every suite that has a case of @red or @crash."""
        return sorted({self.suite, *self.beside.values()})


def read(path, suites, reasons=None):
    """The Mutant in the file @path; Unjudged if it is none."""
    folder, base = os.path.split(os.path.abspath(path))
    suite, _, slug = base.partition("-")
    if not os.path.isfile(path):
        raise Unjudged(f"no such mutant: {path}")
    if suite not in suites or not slug.endswith(".patch"):
        raise Unjudged(f"{path}: a mutant's file is called <suite>-<slug>.patch")
    text = patches.read(path)
    head, _, body = text.partition("\n--- ")
    tags = TAG.findall(head)
    tree = os.path.basename(folder)
    name = f"{tree}/{base[:-len('.patch')]}"
    found = Mutant(name, path, tree, suite, " ".join(TAG.split(head)[0].split()), "",
                   files=patches.files(text), why=(reasons or {}).get(name, ""))
    for tag, value in tags:
        if tag in ("Undoes", "Like"):
            found.origin += f"{tag}: {value}"
        elif tag == "Arch":
            found.arch = value.strip()
        else:
            other, _, case = value.strip().rpartition(".")
            if other and other not in suites:
                raise Unjudged(f"{path}: {tag}: {value.strip()}: there is no suite {other}")
            if other:
                found.beside[case] = other
            (found.red if tag == "Red" else found.crash).append(case)
    if not (body and found.files and found.says and found.origin.count(": ") >= 1):
        raise Unjudged(f"{path}: a mutant has words, an Undoes: or Like: line, and a diff")
    if not (found.red or found.crash or found.why):
        raise Unjudged(f"{path}: no Red: line names a case that must go red")
    return found


def equivalent(root):
    """{name of a mutant: why no test can see it}."""
    reasons = {}
    path = os.path.join(root, "museum", EQUIVALENT)
    if os.path.exists(path):
        for line in patches.read(path).splitlines():
            if line.strip() and not line.startswith("#"):
                name, _, why = line.partition(" ")
                reasons[name] = why.strip()
    return reasons


def collect(root, the_plan):
    """Every Mutant of the checkout at @root, sorted by name."""
    reasons = equivalent(root)
    return [read(path, the_plan.suites, reasons)
            for path in sorted(glob.glob(os.path.join(root, "museum", "*", "*.patch")))]


def sample(mutants, tree, each):
    """@each mutants of @tree for every suite that has any there, spread over them.

    Mutants of source files, where a suite has any: a header's takes longer to build, and one of an
    asm header rebuilds the kernel, so it is left to `mutate`, as are those of other trees.
    """
    chosen = []
    for suite in sorted({m.suite for m in mutants}):
        of = [m for m in mutants if m.suite == suite and m.tree == tree and not m.why
              and not any("/asm" in name for name in m.files)]
        of = [m for m in of if all(name.endswith(".c") for name in m.files)] or of
        chosen += [of[i * len(of) // each] for i in range(min(each, len(of)))]
    return chosen


def lint(root):
    """What is inconsistent between the museum and the suites: a list of sentences."""
    the_plan, wrong = plan.read(root), []
    mutants, cases = collect(root, the_plan), plan.cases(the_plan, root)
    for mutant in mutants:
        for case in mutant.red + mutant.crash:
            suite = mutant.beside.get(case, mutant.suite)
            if case not in cases[suite]:
                wrong.append(f"museum: {mutant.name}: {suite} has no case {case}")
        if mutant.why and mutant.red + mutant.crash:
            wrong.append(f"museum: {mutant.name} is equivalent, and names a case")
    names = [mutant.name for mutant in mutants]
    for name in equivalent(root):
        if name not in names:
            wrong.append(f"museum/{EQUIVALENT}: there is no {name}")
    return wrong
