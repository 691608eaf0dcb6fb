# SPDX-License-Identifier: GPL-2.0
"""Read KTAP from a kernel's console: what ran, what it said, and where it broke.

Known dialects: TAP 14 of 5.10 ("ok 1 - name", no header inside), KTAP 1 of 6.x and 7.x.  The
console mixes other lines in, with or without timestamps.  KUnit says nothing when a case begins,
so lines belong to the case whose result comes next.

KUnit of 5.10 cannot skip: there a case says "# name: SKIP reason" and passes.
"""

import re
from dataclasses import dataclass, field

STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")
HEADER = re.compile(r"^\s*K?TAP version \d+$")
PLAN = re.compile(r"^( *)1\.\.(\d+)$")
SUBTEST = re.compile(r"^( *)# Subtest: (.+)$")
RESULT = re.compile(r"^( *)(ok|not ok) (\d+)(?: -)?(?: (.*?))??(?: # (SKIP)\b ?(.*))?$")
SKIPS = re.compile(r"^\s*# (\w+): SKIP\b ?(.*)$")
# How KUnit begins what it says of a case or a suite; the rest of the record is indented, but for
# the words of the suite itself, which stand at the end of it, at the start of a line.
KUNIT = re.compile(r"^ *# \S+: ")
INDENT = "    "
# How other parts of the kernel begin a line: "random: ", "e1000 0000:00:03.0 eth0: ".
NOISE = re.compile(r"^[\w.-]+(?: [\w-]*[:.][\w:.-]*(?: [\w.-]+)?)?: ")
TICKS = re.compile(r"\d000\]")       # in a stamp: the clock is too coarse to tell records apart
COMPLAINT = re.compile(r"EXPECTATION FAILED|ASSERTION FAILED")
FAILURE = re.compile(r"EXPECTATION FAILED|ASSERTION FAILED|failed|Expected", re.I)
SPLAT = re.compile(r"^(?:WARNING: |BUG: |kernel BUG at |INFO: (?:possible|suspicious|rcu|task|"
                   r"trying)|Oops: |Oops\b|UBSAN: |general protection fault|Unable to handle kernel|"
                   r"Internal error: |Kernel panic|rcu: INFO: |watchdog: BUG|Kernel mode fault|"
                   r"Kernel BUG at|(?:illegal operation|addressing exception): \d+ )")
# The kernels that cannot shut down after their suites end so, and it is no fault.
GOOD_END = re.compile(r"Kernel panic - not syncing: (?:VFS: Unable to mount root|"
                      r"No working init found|VFS: .*root)")
REBOOTED = re.compile(r"^Linux version ")
# QEMU's own word when it is stopped: a hung kernel may have got to the middle of a line.
STOPPED = re.compile(r"qemu-system-\S+: terminating on signal \d+.*")


@dataclass
class Case:
    name: str
    status: str                      # passed, failed or skipped
    reason: str = ""                 # of a skip
    messages: list = field(default_factory=list)
    splat: list = field(default_factory=list)


@dataclass
class Suite:
    name: str
    planned: int = -1                # "1..N", -1 if it never said
    cases: list = field(default_factory=list)
    status: str = ""                 # "" while it has not ended
    splat: list = field(default_factory=list)   # before its first result or after its last
    tail: list = field(default_factory=list)    # lines that no result followed


@dataclass
class Console:
    """All that a boot said.  @planned counts suites; -1 means KUnit never began."""
    planned: int = -1
    suites: dict = field(default_factory=dict)
    booted: bool = False
    rebooted: bool = False
    panic: str = ""
    boot_splat: list = field(default_factory=list)

    def complete(self):
        return (self.planned >= 0 and len(self.suites) >= self.planned
                and all(suite.status for suite in self.suites.values()))

    def open_suite(self):
        return next((s for s in self.suites.values() if not s.status), None)


class Reader:
    """feed() every line, then finish() gives the Console."""

    def __init__(self):
        self.console = Console()
        self.suite = None            # the one that runs
        self.last = None             # the one that ended last
        self.pending = []            # (KUnit's own, line) since the last result
        self.skips = []              # (row or case, reason) of what was skipped since then
        self.stamp = ""              # of the line at hand
        self.record = None           # the stamp of KUnit's record, while its lines may follow
        self.splat = []              # the splat among them
        self.in_splat = 0
        self.began = False

    def feed(self, raw):
        stamp = STAMP.match(raw)
        self.stamp = stamp.group().rstrip() if stamp else ""
        line = STAMP.sub("", raw.rstrip())
        if REBOOTED.match(line):
            self.console.rebooted = self.console.booted and not self.console.complete()
            self.console.booted = True
            if self.console.rebooted:
                return
        if self.console.rebooted:
            return                   # what a second boot says is not the first one's verdict
        if STOPPED.search(line):
            return self._other(STOPPED.sub("", line))
        if HEADER.match(line):
            self.began = True
            return
        for pattern, read in () if not self.began else ((PLAN, self._plan), (SUBTEST, self._subtest), (RESULT, self._result)):
            match = pattern.match(line)
            if match and read(match):
                self.in_splat, self.record = 0, None
                return
        self._other(line)

    def _plan(self, match):
        depth, count = len(match.group(1)), int(match.group(2))
        if depth == 0 and self.console.planned < 0:
            self.console.planned = count
        elif depth == 4 and self.suite:
            self.suite.planned = count
        return True

    def _subtest(self, match):
        if len(match.group(1)) == 4:
            self._begin(match.group(2).strip())
        return True

    def _begin(self, name):
        self.suite = self.console.suites.setdefault(name, Suite(name))
        self._nothing_pending()

    def _nothing_pending(self):
        self.pending, self.skips, self.splat = [], [], []

    def _result(self, match):
        indent, verdict, _, name, skip, reason = match.groups()
        status = "skipped" if skip else "passed" if verdict == "ok" else "failed"
        name, reason = (name or "").strip(), (reason or "").strip()
        if len(indent) == 0:
            return self._end_suite(name, status)
        if len(indent) == 4 and self.suite:
            logged = [why for case, why in self.skips if case == name]
            if status == "passed" and logged:
                status, reason = "skipped", logged[0]
            elif status == "skipped" and not reason:     # its rows have said why
                reason = "; ".join(dict.fromkeys(why for _, why in self.skips if why))
            self.suite.cases.append(Case(name, status, reason, self._said(), self.splat))
            self._nothing_pending()
            return True
        if status == "failed":       # a row of a parameterised case
            self.pending.append((True, f"row failed: {name}"))
        elif status == "skipped":
            self.skips.append(("", reason))
        return len(indent) > 4

    def _end_suite(self, name, status):
        suite = self.console.suites.get(name)
        if not suite:
            if self.console.planned < 0:
                return False         # console noise, not KTAP
            suite = self.console.suites[name] = Suite(name)
        suite.status = status
        suite.tail, suite.splat = self._said(), suite.splat + self.splat
        self.suite, self.last = None, suite
        self._nothing_pending()
        return True

    def _other(self, line):
        text = line.strip()
        if text.startswith("Kernel panic"):
            self.console.panic = "" if GOOD_END.match(text) and self.console.complete() else text
            if not self.console.panic:
                return
        own, skips = self._is_own(line), SKIPS.match(line)
        if skips:
            self.skips.append((skips[1], skips[2].strip()))
        if SPLAT.match(text):
            self.in_splat = 12       # lines that are worth showing
        elif own:
            self.in_splat = 0
        if self.in_splat and text:
            self.in_splat -= 1
            if len(self._splat_home()) < 24:
                self._splat_home().append(text)
        elif self.suite and text and not re.match(r"# .*(?:\.speed: |pass:\d+ fail:\d+)", text):
            self.pending.append((own, line[4:] if line.startswith(INDENT) else line))

    def _is_own(self, line):
        """Whether @line is of a record of KUnit's: its first, or one that follows.

        All lines of a record have one time, and nothing comes between them.  Without times, what
        does not look like another part of the kernel is taken for the words of the suite.
        """
        if KUNIT.match(line):
            self.record = self.stamp
        elif self.record is not None:
            exact = self.stamp and not TICKS.search(self.stamp)
            if self.record != self.stamp or not exact and NOISE.match(line):
                self.record = None
        return self.record is not None

    def _said(self):
        """The lines since the last result: KUnit's own, or all if it says nothing of a failure."""
        own = [line for is_own, line in self.pending if is_own and line]
        if any(FAILURE.search(line) for line in own):
            return own
        return [line for _, line in self.pending if line]

    def _splat_home(self):
        if self.suite:
            return self.splat
        return self.last.splat if self.last else self.console.boot_splat

    def finish(self):
        if self.suite and not self.suite.status:
            self.suite.tail = self._said()
            self.suite.splat += self.splat
        return self.console


def read(lines):
    """The Console that these console lines tell of."""
    reader = Reader()
    for line in lines:
        reader.feed(line)
    return reader.finish()


def complaint(messages):
    """What KUnit itself said of a failure in lines that no result followed."""
    return expectation(messages) if any(COMPLAINT.search(m) for m in messages) else []


def expectation(messages, limit=60):
    """The lines of a failed case that say what was expected, without what led there."""
    first = next((i for i, m in enumerate(messages) if FAILURE.search(m)), 0)
    return messages[first:first + limit]
