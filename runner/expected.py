# SPDX-License-Identifier: GPL-2.0
"""What a named tree was last seen to do: expected/<tree>/<arch>, a line a case.

    version 6.12.118
    pass hugetlb_pmd_share.second_mm_joins_table_of_first
    skip rmap_unmap.dup_thp: this machine maps no huge pages
    fail rmap_unmap.dup_file_pmd: the tree's own bug, in words
    none pte_free_defer: why the whole suite is not there

The files are written by `./mmkunit expect --update` and reviewed as a diff.  They do not make a red
case good: `run` says red, and says that it was red before.  `check` asks whether a tree does what
it was last seen to do.
"""

import os
import re
from dataclasses import dataclass, field

from runner import cache, patches
from runner.errors import Unjudged

FOLDER = "expected"
PASS, FAIL, SKIP, NONE = "pass", "fail", "skip", "none"
SAID = {PASS: "passed", FAIL: "failed", SKIP: "was skipped", NONE: "was not there"}
SAYS = {PASS: "passes", FAIL: "fails", SKIP: "is skipped", NONE: "is not there"}
LINE = re.compile(r"(pass|fail|skip|none) (\w+)(?:\.(\w+))?(?:: (.+))?$")
UNEXPLAINED = "unexplained: "

# Every cell that `check` judges: tree/arch, or tree/arch-variant.
CELLS = ("5.10/x86_64", "5.10/s390",
         "6.1/um", "6.1/x86_64", "6.1/s390", "6.1/s390-no-port",
         "6.12/x86_64", "6.12/s390",
         "newest/um", "newest/x86_64", "newest/x86_64-no-smp", "newest/s390")
NO_PORT = "-no-port"     # without the tree's ports


@dataclass(frozen=True)
class Variant:
    """How a cell differs from its tree's and arch's own, and whom that concerns."""
    suites: tuple = ()           # that are asked; () is all
    kconfig: tuple = ()          # lines added to the configuration


VARIANTS = {
    NO_PORT: Variant(suites=("pgalloc_defer", "pgalloc_fragments", "pgalloc_pgste",
                             "pgalloc_stress")),
    # hugetlb is there, and PMD sharing is not
    "-no-smp": Variant(suites=("hugetlb_range", "hugetlb_pmd_share", "hugetlb_unshare",
                               "rmap_hugetlb", "fork_hugetlb"), kconfig=("CONFIG_SMP=n",)),
}


@dataclass
class Expected:
    """One cell's file.  @cases: {(suite, case): (status, words)}; case is "" for a whole suite."""
    path: str
    version: str = ""
    cases: dict = field(default_factory=dict)
    title: str = ""              # of whom it tells, where the path does not say that

    def known(self, suite, case):
        """The words of a case that is expected to fail, or ""."""
        status, words = self.cases.get((suite, case), ("", ""))
        return words if status == FAIL else ""

    def count(self, status):
        """How many cases have @status."""
        return sum(1 for found, _ in self.cases.values() if found == status)


@dataclass
class Difference:
    """What became of a case, where something else was expected.  @was is "" of a new case."""
    suite: str
    case: str
    was: str
    now: str
    words: str = ""

    def vanished(self):
        """Whether the case told something, and now tells nothing."""
        return bool(self.case) and self.was in (PASS, FAIL) and self.now in (SKIP, NONE)

    def text(self):
        """The difference in a few words."""
        name = f"{self.suite}.{self.case}" if self.case else self.suite
        why = f": {self.words}" if self.words and self.now in (SKIP, NONE) else ""
        if not self.was:
            return f"{name} is not in the expectation file, and {SAYS[self.now]}{why}"
        if self.was == self.now:
            return f"{name} {SAYS[self.now]} for another reason{why}"
        return f"{name} {SAID[self.was]}, now {SAYS[self.now]}{why}"


def path_of(root, cell):
    """The file of @cell, which is "6.1/x86_64" or "6.1/s390-no-port"."""
    return os.path.join(root, FOLDER, *cell.split("/"))


def read(root, cell):
    """The Expected of @cell, None where there is no file; Unjudged if it cannot be read."""
    path = path_of(root, cell)
    return read_file(path) if os.path.isfile(path) else None


def read_file(path):
    """The Expected in the file @path."""
    found = Expected(path)
    for number, line in enumerate(patches.read(path).splitlines(), 1):
        if line.startswith("version "):
            found.version = line.split(None, 1)[1].strip()
        elif line.strip() and not line.startswith("#"):
            match = LINE.match(line)
            key = match and (match[2], match[3] or "")
            if not match or key in found.cases:
                raise Unjudged(f"{path}:{number}: cannot read: {line}" if not match else
                               f"{path}:{number}: {line.split()[1]} is there twice")
            found.cases[key] = match[1], match[4] or ""
    if not found.version:
        raise Unjudged(f"{path}: it has no 'version' line")
    return found


def own(path, arches):
    """The Expected in the user's file @path, to judge one of the @arches by."""
    if not os.path.isfile(path):
        raise Unjudged(f"there is no {path}: write it by ./mmkunit expect --update --file {path}")
    if len(arches) > 1:
        raise Unjudged("--expect is a file for one arch: give --arch one")
    return read_file(path)


def write(found):
    """Write the Expected to its file; whether that changed it."""
    title = found.title or "{} was last seen to do on {}".format(*found.path.split(os.sep)[-2:])
    lines = [f"# What {title}. Written by ./mmkunit expect --update.",
             f"version {found.version}", ""]
    for (suite, case), (status, words) in sorted(found.cases.items()):
        name = f"{suite}.{case}" if case else suite
        lines.append(f"{status} {name}" + (f": {words}" if words else ""))
    os.makedirs(os.path.dirname(os.path.abspath(found.path)), exist_ok=True)
    return cache.write_if_changed(found.path, ("\n".join(lines) + "\n").encode())


def outcome(verdict):
    """{(suite, case): (status, words)} of all that a Verdict tells of."""
    found = {}
    for suite in verdict.suites:
        found.update({(suite.name, case): (PASS, "") for case in suite.passed})
        found.update({(suite.name, case): (FAIL, _one_line(lines))
                      for case, lines in suite.failed.items()})
        found.update({(suite.name, case): (SKIP, why) for case, why in suite.skipped.items()})
        if suite.problems:
            found[suite.name, ""] = FAIL, _one_line(suite.problems)
    for name, words in verdict.absent.items():
        found[name, ""] = NONE, words
    return found


def _one_line(lines):
    """The first of @lines that says something about a failure."""
    told = [line.strip() for line in "\n".join(lines).splitlines() if line.strip()]
    return (told or ["without a word"])[0]


def compare(expected, verdict):
    """[Difference] between the Expected and the Verdict, of the suites that the Verdict has."""
    found, differences = outcome(verdict), []
    judged = {suite for suite, _ in found}
    for key in sorted(set(found) | {k for k in expected.cases if k[0] in judged}):
        was, words_before = expected.cases.get(key, ("", ""))
        now, words = found.get(key, (NONE, ""))
        if was != now or now in (SKIP, NONE) and words != words_before:
            differences.append(Difference(*key, was, now, words))
    return differences


def updated(path, verdict, old=None):
    """The Expected that says what the Verdict saw; the words of a known failure are kept."""
    found = Expected(path, verdict.version, outcome(verdict))
    for key, (status, words) in found.cases.items():
        if status == FAIL:
            lacks = " or ".join((one.id or f'"{one.title}"') + (f" ({one.cve})" if one.cve else "")
                                for one in verdict.lacked(*key))
            known = old.known(*key) if old else ""
            found.cases[key] = FAIL, known or (f"lacks {lacks}" if lacks else UNEXPLAINED + words)
    if old:                          # suites that this verdict has not asked
        judged = {suite for suite, _ in found.cases}
        found.cases.update({k: v for k, v in old.cases.items() if k[0] not in judged})
    return found


def split(cell):
    """(tree, arch, with its ports?, Variant) of a name in CELLS."""
    tree, arch = cell.split("/")
    for ending, variant in VARIANTS.items():
        if arch.endswith(ending):
            return tree, arch.removesuffix(ending), ending != NO_PORT, variant
    return tree, arch, True, Variant()


def lint(plan_cases, absent, needs, root):
    """What is inconsistent between the expectation files and the suites: a list of sentences.

    @plan_cases: {suite: [its cases]}; absent(suite, cell): whether the suite cannot be in the cell;
    needs(suite): the words by which it may be missing anywhere.
    """
    wrong = []
    for cell in CELLS:
        expected = read(root, cell)
        if not expected:
            wrong.append(f"{FOLDER}/{cell} is missing: run ./mmkunit expect --update")
            continue
        asked = split(cell)[3].suites or list(plan_cases)
        gone = {suite: words for (suite, _), (status, words) in expected.cases.items()
                if status == NONE}
        wrong += [f"{FOLDER}/{cell}: the plan does not know that {suite} is not there: {words}"
                  for suite, words in sorted(gone.items())
                  if suite not in plan_cases
                  or not absent(suite, cell) and words not in needs(suite)]
        due = {(suite, case) for suite in asked for case in plan_cases[suite]
               if suite not in gone and not absent(suite, cell)}
        has = {key for key, (status, _) in expected.cases.items() if status != NONE}
        wrong += [f"{FOLDER}/{cell}: there is no case {suite}.{case}"
                  for suite, case in sorted(has - due)]
        wrong += [f"{FOLDER}/{cell}: {suite}.{case} is missing"
                  for suite, case in sorted(due - has)]
        wrong += [f"{FOLDER}/{cell}: say why {suite}.{case} fails"
                  for (suite, case), (status, words) in sorted(expected.cases.items())
                  if status == FAIL and (not words or words.startswith(UNEXPLAINED))]
    known = {path_of(root, cell) for cell in CELLS}
    for folder, _, names in os.walk(os.path.join(root, FOLDER)):
        wrong += [f"{os.path.relpath(os.path.join(folder, n), root)} is no cell that is checked"
                  for n in names if os.path.join(folder, n) not in known]
    return wrong


def seen_versions(root, tree):
    """The versions of the named @tree that some expectation file was written on."""
    folder, found = os.path.join(root, FOLDER, tree), set()
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        found.add(read_file(os.path.join(folder, name)).version)
    return found
