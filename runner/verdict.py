# SPDX-License-Identifier: GPL-2.0
"""Compare what ran with what must run, and say so: terminal, JSON, JUnit."""

import errno
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict, dataclass, field

from runner import errors
from runner import expected as expectations
from runner import ktap
from runner.errors import Unjudged

SETUP = re.compile(r"ASSERTION FAILED at \S*mm/tests/lib/")     # the library makes what a case starts from
KNOWN_LINES = 5      # that the terminal shows of a known failure; the JSON report has them all


@dataclass
class Judged:
    """One suite's verdict.  @problems are failures that belong to no single case.

    @crashed is the case that the kernel did not come back from, @unheard are those that did not
    run, @unprepared those whose setup failed: they are among @failed as well.
    """
    name: str
    passed: list = field(default_factory=list)
    failed: dict = field(default_factory=dict)      # case -> lines that say why
    skipped: dict = field(default_factory=dict)     # case -> reason
    problems: list = field(default_factory=list)
    crashed: str = ""
    unheard: list = field(default_factory=list)
    unprepared: list = field(default_factory=list)
    missing: bool = False            # it did not run at all
    vanished: dict = field(default_factory=dict)    # case that ran on this version before -> lines

    def failures(self):
        return len(self.failed) + len(self.problems) + len(self.vanished)

    def quiet(self):
        """{case: reason} of what was skipped, and has the right to be."""
        return {case: why for case, why in self.skipped.items() if case not in self.vanished}

    def reasons(self):
        """{reason: [cases that are quiet() for it]}, in the order of the cases."""
        found = {}
        for case, why in self.quiet().items():
            found.setdefault(why, []).append(case)
        return found


@dataclass
class Verdict:
    """One boot's verdict: tree × arch."""
    tree: str
    version: str
    arch: str
    suites: list = field(default_factory=list)
    problems: list = field(default_factory=list)    # of the boot as a whole
    notes: list = field(default_factory=list)
    warnings: list = field(default_factory=list)    # of the compiler, about the overlay
    log: list = field(default_factory=list)         # last console lines, where the boot broke
    seconds: dict = field(default_factory=dict)
    absent: dict = field(default_factory=dict)      # suite that cannot be here -> why
    seen: str = ""                                  # the version that the cell was last seen on
    differences: list = field(default_factory=list)  # from what was seen then
    known: dict = field(default_factory=dict)       # "suite.case" that failed then too -> words
    accepted: str = ""                              # the user's expectation file, if one was given
    lacks: list = field(default_factory=list)       # fixtable.Found of each fix that is not there

    def unexpected(self):
        """How many failures there are that the cell was not seen to have before."""
        return self.counts()[1] - len(self.known)

    def counts(self):
        """(passed, failed, skipped)"""
        return (sum(len(s.passed) for s in self.suites),
                sum(s.failures() for s in self.suites) + len(self.problems),
                sum(len(s.quiet()) for s in self.suites))

    def good(self):
        """Whether all is well; with @accepted, whether all is as that file says."""
        passed, failed, _ = self.counts()
        if self.accepted:
            return passed > 0 and self.unexpected() == 0 and not self.differences
        return failed == 0 and passed > 0

    def lacked(self, suite, case):
        """The Found of the fixes for whose lack the case failed."""
        return [one for one in self.lacks if f"{suite}.{case}" in one.cases]


def judge(verdict, console, owed, expected=None, own_config=True, timed_out=0):
    """Fill @verdict from the Console and the list of Owed.

    @expected is the Expected of the cell, or the user's own (@verdict.accepted), None where nothing
    is known of it.  Where the user has added to the configuration (not @own_config) that of the
    cell tells of known failures alone.  @timed_out: seconds of the limit that ran out, or 0.
    """
    broken = not console.complete()
    where = _where(console, owed) if broken else ("", "")
    for due in owed:
        ran = console.suites.get(due.suite.name)
        judged = _suite(due, ran, broken and due.suite.name == where[0])
        verdict.suites.append(judged)
    if broken:
        _blame(verdict, console, where, timed_out)
    elif timed_out:
        verdict.notes.append(f"after the last suite the kernel did not end, in {timed_out} s")
    elif console.planned == 0:
        verdict.problems.append("KUnit ran no suite at all")
    if console.boot_splat:
        verdict.notes.append("before the first suite: " + console.boot_splat[0])
    if expected:
        if own_config or verdict.accepted:
            verdict.seen = expected.version
            verdict.differences = expectations.compare(expected, verdict)
            if verdict.seen == verdict.version and not verdict.accepted:
                _fail_what_vanished(verdict)
        _tell_known(verdict, expected)
    passed, failed, skipped = verdict.counts()
    if not failed and not passed:
        verdict.problems.append("every case was skipped" if skipped else "nothing was expected or ran")
    return verdict


def _fail_what_vanished(verdict):
    """A case that ran on this very version must run again: without it nothing is known."""
    gone = [d for d in verdict.differences if d.vanished()]
    for suite in verdict.suites:
        for d in gone:
            if d.suite == suite.name:
                suite.vanished[d.case] = [f"{d.text()} (on {verdict.seen} itself)"]
    for name, words in verdict.absent.items():
        cases = sum(d.suite == name for d in gone)
        if cases:
            verdict.suites.append(Judged(name, problems=[
                f"{cases} of its cases ran on {verdict.seen} itself, now it is not there: {words}"]))


def _tell_known(verdict, expected):
    """Note what fails as it did before, and put the words of it before what the case said."""
    for suite in verdict.suites:
        for case, lines in suite.failed.items():
            words = expected.known(suite.name, case)
            if words:
                verdict.known[f"{suite.name}.{case}"] = words
                lines.insert(0, f"known of {expected.version}: {words}")


def _suite(due, ran, crashed_here):
    """Judged of one suite; a crash in it is told by _blame()."""
    judged = Judged(due.suite.name)
    if due.problem:
        judged.problems.append(due.problem)
    if ran is None:
        if not due.problem:
            judged.missing = True
            judged.problems.append(f"missing: the suite did not run, {len(due.cases)} cases expected")
        return judged
    for case in ran.cases:
        _case(judged, case)
    seen = [case.name for case in ran.cases]
    missing = [name for name in due.cases if name not in seen]
    for name in sorted({n for n in seen if seen.count(n) > 1}):
        judged.problems.append(f"{name} reported more than once")
    if crashed_here and missing:
        judged.crashed = missing.pop(0)
        judged.failed[judged.crashed] = (["the kernel did not come back from this case"]
                                         + ran.splat + ktap.complaint(ran.tail))
    judged.unheard = missing
    for name in missing:
        judged.failed[name] = ["missing: expected, and did not run"]
    if not crashed_here and ran.planned > len(ran.cases):
        judged.problems.append(f"KTAP announced {ran.planned} cases and told of {len(ran.cases)}")
    if ran.splat and not crashed_here:
        judged.problems.append("kernel splat outside any case: " + "\n".join(ran.splat))
    if ran.status == "failed" and not judged.failures():
        judged.problems.append("the suite failed although no case did: " + " / ".join(ran.tail[:4]))
    return judged


def _case(judged, case):
    if case.splat:
        said = ktap.expectation(case.messages) if case.status == "failed" else []
        judged.failed[case.name] = ["kernel splat in this case"] + case.splat + said
    elif case.status == "failed":
        judged.failed[case.name] = ktap.expectation(case.messages) or ["not ok, without a word"]
        said = "\n".join(judged.failed[case.name])
        if SETUP.search(said) and "EXPECTATION FAILED" not in said:
            judged.unprepared.append(case.name)
    elif case.status == "passed":
        judged.passed.append(case.name)
    else:
        judged.skipped[case.name] = case.reason


def _where(console, owed):
    """(suite, case) that ran when the console broke off; KUnit names a case when it ends."""
    suite = console.open_suite()
    if suite:
        due = next((d for d in owed if d.suite.name == suite.name), None)
        done = [case.name for case in suite.cases]
        rest = [name for name in due.cases if name not in done] if due else []
        return suite.name, rest[0] if rest else ""
    rest = [d.suite.name for d in owed if d.suite.name not in console.suites and not d.problem]
    return (rest[0], "") if rest and console.planned >= 0 else ("", "")


def _blame(verdict, console, where, timed_out):
    if console.panic:
        what = f"the kernel panicked ({console.panic})"
    elif timed_out:
        what = f"the kernel hung: no end after {timed_out} s"
    elif console.rebooted:
        what = "the kernel rebooted"
    else:
        what = "the kernel's output broke off"
    if console.planned < 0:
        place = "before KUnit began"
    else:
        place = f"in {'.'.join(part for part in where if part)}" if where[0] else "between suites"
    verdict.problems.append(f"{what}, {place}")


def report(verdict, out):
    """The terminal's report; @out prints a line."""
    for suite in verdict.suites:
        for case, lines in suite.failed.items():
            lacks = " or ".join(one.lacked() for one in verdict.lacked(suite.name, case))
            out(f"FAILED {suite.name}.{case}" + (f": {lacks}" if lacks else ""))
            known = f"{suite.name}.{case}" in verdict.known
            for line in lines[:KNOWN_LINES] if known else lines:
                out(f"    {line}")
        for case, lines in suite.vanished.items():
            out(f"FAILED {suite.name}.{case}")
            out(f"    {lines[0]}")
        for problem in suite.problems:
            out(f"FAILED {suite.name}: " + problem.replace("\n", "\n    "))
        for reason, cases in suite.reasons().items():
            what = f".{cases[0]}" if len(cases) == 1 else f": {len(cases)} cases"
            out(f"skipped {suite.name}{what}: {reason or 'without a reason'}")
    for name, words in verdict.absent.items():
        out(f"not applicable: {name}: {words}")
    since = f"changed since {verdict.seen}" if verdict.seen != verdict.version else \
        f"differs from what {verdict.seen} was last seen to do"
    since = f"differs from {verdict.accepted}" if verdict.accepted else since
    for difference in verdict.differences:
        out(f"{since}: {difference.text()}")
    for note in verdict.notes:
        out(f"note: {note}")
    for warning in verdict.warnings:
        out(f"warning in the overlay: {warning}")
    if verdict.log:
        out(f"the last {len(verdict.log)} lines of the console:")
        for line in verdict.log:
            out(f"  | {line}")
    for problem in verdict.problems:
        out(f"FAILED {problem}")
    for suite in verdict.suites:
        out(_line(suite, verdict))


def _line(suite, verdict):
    word = "FAILED" if suite.failures() else "ok"
    known = sum(f"{suite.name}.{case}" in verdict.known for case in suite.failed)
    parts = [f"{len(suite.passed)} passed",
             f"{suite.failures()} failed" + (f" ({known} known)" if known else "")]
    parts += [f"{len(suite.quiet())} skipped"] if suite.quiet() else []
    return (f"{word:6} {suite.name} ({verdict.version} {verdict.arch}): {', '.join(parts)}, "
            f"{verdict.seconds.get('boot', 0):.1f} s")


def claim(path):
    """Open the file @path that a report goes to, and empty it; Unjudged if that fails.

    Better now than after the work; and what an older run said of another tree is gone, however
    this one ends.  What is no regular file, as a pipe, is left alone until there is a report.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        else:
            with open(path, "w", encoding="utf-8"):
                pass
    except OSError as error:
        raise Unjudged(f"{path} cannot be written: {error.strerror}") from None


class Report:
    """The files of --json and --junit: they say of each arch what was found out so far."""

    def __init__(self, json_path, junit_path, tree, arches):
        self.json, self.junit, self.tree, self.version = json_path, junit_path, tree, ""
        self.found = dict.fromkeys(arches, "the run did not come to its end")
        self.complaints = []             # of files that could not be written after all

    def __enter__(self):
        for path in filter(None, (self.json, self.junit)):
            claim(path)
        self._write()
        return self

    def tell(self, arch, found):
        """@found: the Verdict on @arch, or the words that say why there is none."""
        self.found[arch] = found
        self._write()

    def __exit__(self, kind, error, trace):
        if error:
            words = errors.told(error)[0]
            self.found = {arch: found if isinstance(found, Verdict) else words
                          if found == "the run did not come to its end" else found
                          for arch, found in self.found.items()}
        self._write(last=True)

    def verdicts(self):
        return [found for found in self.found.values() if isinstance(found, Verdict)]

    def unjudged(self):
        """{"tree", "version", "arch", "why"} of each arch without a verdict."""
        return [{"tree": self.tree, "version": self.version, "arch": arch, "why": found}
                for arch, found in self.found.items() if not isinstance(found, Verdict)]

    def _write(self, last=False):
        self.complaints = []
        for path, write in ((self.json, write_json), (self.junit, write_junit)):
            if path and (last or os.path.isfile(path)):
                try:
                    write(self.verdicts(), self.unjudged(), path)
                except OSError as error:
                    self.complaints.append(f"{path} cannot be written: {error.strerror}")


def write_json(verdicts, unjudged, path):
    """Everything, for programs; @unjudged is [{"arch": ..., "why": ...}]."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump([asdict(v) for v in verdicts] + unjudged, file, indent=1)
        file.write("\n")


def write_junit(verdicts, unjudged, path):
    """JUnit XML: a testsuite for each suite × tree × arch, one for what could not be judged."""
    root = ElementTree.Element("testsuites")
    for verdict in verdicts:
        cell = f"{verdict.version}.{verdict.arch}"
        for suite in verdict.suites:
            node = _element(root, "testsuite", name=f"{suite.name} ({cell})",
                            tests=len(suite.passed) + suite.failures() + len(suite.quiet()),
                            failures=suite.failures(), skipped=len(suite.quiet()), errors=0,
                            time=f"{verdict.seconds.get('boot', 0):.3f}")
            for case in suite.passed:
                _element(node, "testcase", classname=f"{cell}.{suite.name}", name=case)
            for case, reason in suite.quiet().items():
                _element(_element(node, "testcase", classname=f"{cell}.{suite.name}", name=case),
                         "skipped", message=reason)
            for case, lines in [*suite.failed.items(), *suite.vanished.items()] + [("(suite)", [p]) for p in suite.problems]:
                _failure(node, f"{cell}.{suite.name}", case, lines, verdict.lacked(suite.name, case))
        if verdict.problems:
            node = _element(root, "testsuite", name=f"boot ({cell})", skipped=0, errors=0,
                            tests=len(verdict.problems), failures=len(verdict.problems))
            for problem in verdict.problems:
                _failure(node, f"{cell}.boot", "boot", [problem] + verdict.log)
    for cell in unjudged:
        name = f"{cell['version'] or cell['tree']}.{cell['arch']}"
        node = _element(root, "testsuite", name=f"boot ({name})", tests=1, failures=0, skipped=0,
                        errors=1)
        lines = cell["why"].splitlines() or [""]
        _complaint(node, "error", f"{name}.boot", "boot", lines)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _failure(node, classname, name, lines, lacks=()):
    """A failed case; @lacks: fixtable.Found for whose lack it failed."""
    _complaint(node, "failure", classname, name, [one.lacked() for one in lacks] + lines, lacks)


def _complaint(node, tag, classname, name, lines, lacks=()):
    case = _element(node, "testcase", classname=classname, name=name)
    properties = _element(case, "properties") if lacks else None
    for one in lacks:
        for key, value in (("fix", one.id or one.title), ("cve", one.cve),
                           ("fixed_in", one.fixed_in), ("record", one.record)):
            if value:
                _element(properties, "property", name=key, value=value)
    lines = [_printable(line) for line in lines]
    _element(case, tag, message=lines[0]).text = "\n".join(lines)


def _element(parent, tag, **attributes):
    return ElementTree.SubElement(parent, tag,
                                  {k: _printable(str(v)) for k, v in attributes.items()})


def _printable(text):
    """XML has no control characters, a console has."""
    return "".join(c if c.isprintable() or c in "\t\n" else "?" for c in text)
