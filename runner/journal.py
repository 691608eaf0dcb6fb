# SPDX-License-Identifier: GPL-2.0
"""What became of each mutant, and the journal from which a run that was cut off goes on."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field

from runner import cache, graft, patches, plan

KILLED, CRASHED, SURVIVED, STALE, BROKEN, EQUIVALENT = (
    "killed", "crashed", "SURVIVED", "STALE", "BUILD ERROR", "equivalent")
WRONG = (SURVIVED, STALE, BROKEN)


@dataclass
class Result:
    """What became of one mutant.  @red: {case: first line it said}; @words: why it is none."""
    mutant: str
    suite: str
    arch: str
    verdict: str
    red: dict = field(default_factory=dict)
    named: list = field(default_factory=list)   # the cases that the patch names
    words: str = ""
    after: str = ""                             # how the boot broke off, after a case had said so
    build: float = 0.0
    boot: float = 0.0
    wall: float = 0.0                           # since the result before it

    def good(self):
        return self.verdict not in WRONG

    def line(self):
        """The table's line: verdict, mutant, case, first message, seconds."""
        case = next((c for c in self.named if c in self.red), "")
        said = self.words or (f"{case}: {self.red[case]}" if case else "")
        said += f"; later {self.after}" if self.after else ""
        return (f"{self.verdict:11} {self.mutant} ({self.arch}): {said} "
                f"({self.build:.1f} + {self.boot:.1f} s)")


class Journal:
    """What a run that was cut off, or failed, had found out, by all that a result depends on."""

    def __init__(self, root, options):
        self.path = cache.path("mutate", "journal")
        text = [json.dumps(vars(options), sort_keys=True)]
        self.files = {name: hashlib.sha256(data).hexdigest()
                      for name, data in graft.overlay(root).items()}
        self.sources = {suite.name: suite.source for suite in plan.read(root).suites.values()}
        for folder in ("ports", "runner"):
            for where, _, names in sorted(os.walk(os.path.join(root, folder))):
                text += [patches.read(os.path.join(where, name)) for name in sorted(names)
                         if name.endswith((".py", ".patch", ".config"))]
        self.seed = "\0".join(text)
        self.known = {}
        for line in self._lines():
            try:
                key, result = json.loads(line)
                self.known[key] = Result(**result)
            except (ValueError, TypeError):
                pass                 # a run was killed while it wrote this one

    def _lines(self):
        try:
            return patches.read(self.path).split("\n")
        except FileNotFoundError:
            return []

    def key(self, tree, mutant):
        """One of all but the other suites' sources."""
        others = {source for name, source in self.sources.items() if name != mutant.suite}
        text = [self.seed, tree.key, patches.read(mutant.path), mutant.name, mutant.why]
        text += [name + digest for name, digest in sorted(self.files.items()) if name not in others]
        return hashlib.sha256("\0".join(text).encode(errors="surrogateescape")).hexdigest()

    def add(self, key, result):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.known[key] = result
        # The newline comes first: the last line may be torn.
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("\n" + json.dumps([key, asdict(result)]))

    def close(self):
        """The run is complete: the next one starts anew."""
        if os.path.exists(self.path):
            os.unlink(self.path)
