# SPDX-License-Identifier: GPL-2.0
"""The file `fixes`: real bugs of the code under test, and the cases that fail without their fix.

A line a fix:

    <id> | <CVE> | <since> | <fixed in> | <cases> | <title>

<id> is mainline's, <title> its subject.  <since> and <fixed in> are what the kernel's CVE records or
changelogs say: versions, one for each branch that has one of its own; "6.13" is mainline, "6.6.72" a
branch.  <cases> are <suite>.<case>, where "*" stands for any letters, or "none: " and the reason.
A "?" behind a case says that it may pass without the fix as well, as where only a crash would tell.
A "-" is what nobody knows.

What a tree has is found out by its cases.  The versions are told beside it, and never believed.
"""

import fnmatch
import os
import re
from dataclasses import dataclass, field, replace

from runner import patches
from runner.errors import Unjudged

TABLE = "fixes"
HAS, LACKS, UNCLEAR, ABSENT, UNTESTED = "has", "lacks", "unclear", "not applicable", "not tested"
OPEN, FIXED, UNAFFECTED = "open", "fixed", "not affected"
NONE = "none: "
NOT_RUN, NO_SETUP = "its case did not run, because the kernel crashed", "the setup failed of "
VERSION = re.compile(r"\d+(?:\.\d+){1,2}$")


@dataclass
class Fix:
    """One line of the table.

    @since, @fixed: versions; @untested: why it has no case; @unsure: those of @cases with a "?".
    """
    id: str
    cve: str
    since: list
    fixed: list
    cases: list
    title: str
    untested: str = ""
    unsure: tuple = ()

    def key(self):
        """What names the fix: its id, or its title where nobody knows an id."""
        return self.id or f'"{self.title}"'

    def name(self):
        """Its id and title, as in a kernel comment."""
        return f'{self.id} "{self.title}"' if self.id else f'"{self.title}"'

    def names(self, case):
        """Whether the line speaks of @case, be it only in the reason why it has none."""
        return (any(fnmatch.fnmatchcase(case, pattern) for pattern in self.cases)
                or case.partition(".")[2] in self.untested.split())

    def fixed_in(self, version):
        """The version of the branch of @version that has the fix, else mainline's; "" if none."""
        own = [v for v in self.fixed if _numbers(v)[:2] == _numbers(version)[:2]]
        return (own or self.fixed or [""])[-1]

    def record(self, version):
        """OPEN, FIXED or UNAFFECTED: what @since and @fixed say of @version; "" if nothing."""
        if self.since and not _reached(version, self.since):
            return UNAFFECTED
        if _reached(version, self.fixed) or self._is_later(version):
            return FIXED
        return OPEN if self.since and self.fixed else ""

    def _is_later(self, version):
        """Whether @version is of a branch after all that the table knows of.

        Of a fix whose mainline commit nobody knows that means nothing.
        """
        return bool(self.id and self.fixed) and _numbers(version)[:2] > max(_numbers(v)[:2] for v in self.fixed)


@dataclass
class Found:
    """What one Verdict says of one Fix.  @why: the reason of ABSENT, UNCLEAR and UNTESTED."""
    id: str
    cve: str
    title: str
    state: str
    why: str = ""
    cases: list = field(default_factory=list)       # that passed, or of LACKS, that failed
    record: str = ""                                # what the versions say, in words
    fixed_in: str = ""

    def differs(self):
        """In words: that the record and the behaviour are not the same, or ""."""
        if self.state == LACKS and self.record == FIXED:
            return f"recorded as fixed in {self.fixed_in}, and behaves otherwise"
        if self.state == LACKS and self.record == UNAFFECTED:
            return "recorded as not affected, and behaves otherwise"
        if self.state == HAS and self.record == OPEN:
            return "recorded as open, and behaves as fixed"
        return ""

    def lacked(self):
        """How a report names a fix that is not there."""
        where = [self.cve] if self.cve else []
        where += [self.differs() or f"in {self.fixed_in}"] if self.differs() or self.fixed_in else []
        name = f'{self.id} "{self.title}"' if self.id else f'"{self.title}"'
        return f"lacks {name}" + (f" ({'; '.join(where)})" if where else "")


def _numbers(version):
    """[6, 12, 118] of "6.12.118-rc1"."""
    return [int(n) for n in re.match(r"[\d.]*", version)[0].strip(".").split(".") if n]


def _reached(version, entries):
    """Whether @version is at or after mainline's entry or that of its own branch."""
    have = _numbers(version)
    for entry in map(_numbers, entries):
        mainline = len(entry) == 2 or entry[:2] == [2, 6]
        if have[:2] >= entry[:2] if mainline else have[:2] == entry[:2] and have >= entry:
            return True
    return False


def read(root):
    """Every Fix of the checkout at @root, in the order of the file; Unjudged if it is malformed."""
    path, found = os.path.join(root, TABLE), []
    if not os.path.isfile(path):
        return found
    for number, line in enumerate(patches.read(path).splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                found.append(_fix(line))
            except ValueError as why:
                raise Unjudged(f"{path}:{number}: {why}") from None
            if found[-1].key() in [fix.key() for fix in found[:-1]]:
                raise Unjudged(f"{path}:{number}: {found[-1].key()} is there twice")
    return found


def _fix(line):
    """The Fix of one line; ValueError says what is wrong with it."""
    words = [part.strip() for part in line.split(" | ", 5)]
    if len(words) != 6:
        raise ValueError(f"it has {len(words)} of 6 columns: {line.strip()}")
    name, cve, since, fixed, cases, title = ["" if word == "-" else word for word in words]
    if name and not re.fullmatch(r"[0-9a-f]{12}", name):
        raise ValueError(f"{name} is not the first 12 digits of a commit")
    if cve and not re.fullmatch(r"CVE-\d{4}-\d{4,}", cve):
        raise ValueError(f"{cve} is no CVE number")
    for version in since.split() + fixed.split():
        if not VERSION.match(version):
            raise ValueError(f"{version} is no version")
    untested = cases.removeprefix(NONE) if cases.startswith(NONE) else ""
    named = [] if untested else cases.split()
    unsure = tuple(case[:-1] for case in named if case.endswith("?"))
    named = [case.rstrip("?") for case in named]
    if not title or not (untested or named) or any(case.count(".") != 1 for case in named):
        raise ValueError(f"no title, or neither <suite>.<case> nor '{NONE.strip()}': {line.strip()}")
    return Fix(name, cve, since.split(), fixed.split(), named, title, untested, unsure)


def _outcomes(verdict):
    """({"suite.case": True if it passed, False if it failed}, {"suite.case": why it did neither},
    {suite: why it is not there}) of a Verdict.

    A case that failed in its setup came to no answer.
    """
    told, silent = {}, {}
    for suite in verdict.suites:
        told.update({f"{suite.name}.{case}": True for case in suite.passed})
        for case in suite.failed:
            if case in suite.unheard:
                silent[f"{suite.name}.{case}"] = NOT_RUN
            elif case in suite.unprepared:
                silent[f"{suite.name}.{case}"] = f"{NO_SETUP}{suite.name}.{case}"
            else:
                told[f"{suite.name}.{case}"] = False
        silent.update({f"{suite.name}.{case}": why for case, why in suite.skipped.items()})
    return told, silent, dict(verdict.absent)


def judge(table, verdict, elsewhere=()):
    """[Found] of every Fix of the @table; @elsewhere is {suite: why this arch never has it}.

    A case of several fixes may be red for any of them.  It is blamed on those whose cases are all
    red; if there are several, on those that the versions say are open.
    """
    told, silent, absent = _outcomes(verdict)
    absent.update(elsewhere)
    table = [replace(fix, cases=expand(fix, [*told, *silent])) for fix in table]
    blamed = {case: _blame(table, case, told, verdict.version)
              for case, passed in told.items() if not passed}
    found = []
    for fix in table:
        one = Found(fix.id, fix.cve, fix.title, UNTESTED, fix.untested,
                    record=fix.record(verdict.version), fixed_in=fix.fixed_in(verdict.version))
        if fix.cases:
            _tell(one, fix, (told, silent, absent), blamed)
        found.append(one)
    return found


def expand(fix, cases):
    """The cases of the Fix, with those of @cases in place of a pattern that has a "*"."""
    found = []
    for pattern in fix.cases:
        of = [case for case in cases if fnmatch.fnmatchcase(case, pattern)]
        found += of if "*" in pattern and of else [pattern]
    return list(dict.fromkeys(found))


def _tell(one, fix, outcomes, blamed):
    """Fill the Found @one."""
    told, silent, absent = outcomes
    red = [case for case in fix.cases if told.get(case) is False]
    one.cases = [case for case in red if fix in blamed[case]]
    if one.cases:
        one.state = LACKS
        return
    one.cases = [case for case in fix.cases if told.get(case)]
    whys = [silent.get(case) or absent.get(case.partition(".")[0]) for case in fix.cases]
    whys = [why for why in whys if why]
    if one.cases:
        one.state = HAS
        if one.record == OPEN and not _shown(fix, told):
            one.state, one.why = UNCLEAR, f"recorded as open, and {one.cases[0]} may pass without it"
    elif red:
        others = ", ".join(other.key() for other in blamed[red[0]])
        one.state, one.why = UNCLEAR, f"{red[0]} fails, and that may be for {others}"
        if one.record == UNAFFECTED:
            one.state, one.why = ABSENT, f"recorded as not affected, and {red[0]} fails for {others}"
    elif whys:
        unsure = [why for why in whys if why.startswith((NOT_RUN, NO_SETUP))]
        one.state, one.why = (UNCLEAR, unsure[0]) if unsure else (ABSENT, whys[0])
    else:
        one.state, one.why = UNCLEAR, "its cases did not run"


def _shown(fix, told):
    """Whether a case passed that does not without the Fix."""
    return any(told.get(case) for case in fix.cases if case not in fix.unsure)


def _blame(table, case, told, version):
    """The fixes for which the red @case may be red."""
    of = [fix for fix in table if case in fix.cases]
    of = [fix for fix in of if not _shown(fix, told)] or of
    return [fix for fix in of if fix.record(version) == OPEN] or of


def lacking(table, verdict):
    """[Found] of the fixes that the tree lacks."""
    return [one for one in judge(table, verdict) if one.state == LACKS]


def count(lacks):
    """How many fixes @lacks has, in words."""
    lacks = {(one.id, one.title): one for one in lacks}.values()
    cves = sum(bool(one.cve) for one in lacks)
    fixes = "1 known fix" if len(lacks) == 1 else f"{len(lacks)} known fixes"
    return f"lacks {fixes} ({'1 CVE' if cves == 1 else f'{cves} CVEs'})"
