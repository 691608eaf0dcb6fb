# SPDX-License-Identifier: GPL-2.0
"""`check`: the runner's own tests, then every suite on every tree and arch that is promised.

It judges the project, by what the trees were last seen to do (expected/).  A tree is taken in the
version that was seen, if the cache or the mirror has that: there a difference is a failure.  What a
newer version does otherwise is news: it is told, counted as skipped, and a failure with --strict.
"""

import concurrent.futures
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from runner import (cache, cli, errors, expected, graft, journal, judge, museum, mutate, packages,
                    patches, plan, process, series, sweep, trees)
from runner import verdict as verdicts
from runner.errors import Unjudged

# So many of the museum's mutants for each suite that has any for this tree.
SAMPLE = (1, "6.1")
# What a graft looks at in a kernel tree.
GRAFTED = ("Makefile", "Kconfig", "mm", "arch/s390/Kconfig", "arch/s390/mm")
DEFINED = re.compile(r"^\s*(?:menu)?config (\w+)", re.M)


class Count:
    """Passed, failed, skipped so far, what took how long, and what is new in newer trees."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.unjudged = 0                # of those that failed
        self.times, self.news = [], []

    def step(self, name, act):
        """Run act() -> (passed, failed, skipped); one that cannot be judged counts as failed."""
        print(f"== {name}", flush=True)
        start = time.monotonic()
        try:
            passed, failed, skipped = act()
        except Unjudged as why:
            print(f"mmkunit: {name}: {why}", file=sys.stderr, flush=True)
            passed, failed, skipped, self.unjudged = 0, 1, 0, self.unjudged + 1
        self.passed, self.failed = self.passed + passed, self.failed + failed
        self.skipped += skipped
        self.times.append((name, time.monotonic() - start, failed))

    def settle(self, cell, verdict):
        """(passed, failed, skipped) of the Verdict on @cell, held against what was seen before."""
        passed, _, skipped = verdict.counts()
        skipped += len(verdict.known)
        warned = len(verdict.warnings)
        if not verdict.seen:
            print(f"FAILED {cell}: nobody has seen it: run ./mmkunit expect --update")
            return passed, 1 + warned, skipped
        if verdict.seen == verdict.version:
            better = [d for d in verdict.differences
                      if d.now != expected.FAIL and not d.vanished()]
            return (passed - sum(d.now == expected.PASS for d in better),
                    verdict.unexpected() + len(better) + warned, skipped)
        news = [d.text() for d in verdict.differences] + verdict.problems
        self.news += [f"{verdict.version} {verdict.arch} (last seen: {verdict.seen}): {text}"
                      for text in news]
        return (passed - sum(d.now == expected.PASS for d in verdict.differences), warned,
                skipped + len(news))


def check_command(root, arguments):
    """Run everything; the worst exit code."""
    if not arguments.quick:
        cache.lock()
        for arch in sorted({expected.split(cell)[1] for cell in expected.CELLS}):
            packages.ensure(arch)
    count = Count()
    count.step("the runner's own tests", lambda: _unittests(root))
    if not arguments.quick:
        _with_kernels(root, count)
    print("== times")
    for name, seconds, failed in count.times:
        print(f"{seconds:7.1f} s  {name}{'  FAILED' if failed else ''}")
    print(f"{sum(seconds for _, seconds, _ in count.times):7.1f} s  in all")
    if count.news:
        print("== news: the trees have moved, see './mmkunit expect --update'")
        for line in count.news:
            print(line)
        if arguments.strict:
            count.failed, count.skipped = (count.failed + len(count.news),
                                           count.skipped - len(count.news))
    print(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped", flush=True)
    if count.failed > count.unjudged:
        return errors.FAILED
    return errors.UNJUDGED if count.unjudged else errors.PASSED


def _with_kernels(root, count):
    """All that needs a tree."""
    options, found = cli.kunit_options([]), {}

    def find(name):
        if name not in found:
            found[name] = trees.find(name, max(expected.seen_versions(root, name), default=""))
        return found[name]

    for cell in expected.CELLS:
        count.step(cell, lambda: _cell(root, find, cell, options, count))
    for name in trees.NAMED:
        count.step(f"{name} graft and ungraft", lambda: _round_trip(root, find(name)))
    count.step("6.1 um, where every case fails once", lambda: _sweep(root, find("6.1")))
    count.step("a sample of the museum", lambda: _museum(root, find, count))
    count.step("Kconfig symbols", lambda: _symbols(root, [find(name) for name in trees.NAMED]))
    count.step("the series for newest", lambda: _series(root, find("newest")))
    count.step("checkpatch", lambda: _checkpatch(root, find("newest")))


def _unittests(root):
    """The runner's own tests, as many modules at a time as there are cores."""
    found = sorted(glob.glob(os.path.join(root, "runner", "tests", "test_*.py")),
                   key=os.path.getsize, reverse=True)
    names = ["runner.tests." + os.path.basename(name)[:-len(".py")] for name in found]
    passed, failed, skipped = 0, 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, said in zip(names, pool.map(lambda name: _test_module(root, name), names)):
            ran, bad, left_out = _counted(said)
            if bad:
                print(said.rstrip())
            print(f"{name}: {ran - bad - left_out} passed, {bad} failed, {left_out} skipped")
            passed, failed = passed + ran - bad - left_out, failed + bad
            skipped += left_out
    return passed, failed, skipped


def _test_module(root, name):
    """What unittest says of one module; the last line has its exit code."""
    done = subprocess.run([sys.executable, "-m", "unittest", name], cwd=root, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=process.environment())
    return done.stdout.decode(errors="replace") + f"\nexit code {done.returncode}"


def _counted(said):
    """(run, failed, skipped) by what unittest @said; one that came to no end has failed."""
    ended = re.search(r"^Ran (\d+) tests? in .*\n\n(.*)\n+exit code (\d+)\Z", said, re.M)
    if not ended or ended[1] == "0":
        return 1, 1, 0
    counts = {word: int(number) for word, number in re.findall(r"(\w+)=(\d+)", ended[2])}
    bad = counts.get("failures", 0) + counts.get("errors", 0)
    return int(ended[1]), bad or int(ended[3] != "0"), counts.get("skipped", 0)


def _cell(root, find, cell, options, count):
    verdict = judge.judge_cell(root, cell, find(cell.split("/")[0]), options)
    verdicts.report(verdict, print)
    return count.settle(cell, verdict)


def _sweep(root, tree):
    """A case that fails leaves the others as they are; on UML, which boots the fastest."""
    every = sweep.sweep(root, tree, "um", [], cli.kunit_options([], sweep.TIMEOUT))
    return len(every.seen), len(every.wrong) + (not every.forced), 0


def _round_trip(root, tree):
    """Graft and ungraft what counts of the real tree; every byte is as it was."""
    with tempfile.TemporaryDirectory(prefix="mmkunit-graft-") as copy:
        for part in GRAFTED:
            source, target = os.path.join(tree.path, part), os.path.join(copy, part)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.isdir(source):
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copy2(source, target)
        before = _bytes(copy)
        graft.graft(copy, root)
        grafted = _bytes(copy)
        laid = all(grafted.get(f) == hashlib.sha256(data).hexdigest()
                   for f, data in graft.overlay(root).items())
        graft.ungraft(copy)
        good = laid and _bytes(copy) == before
    print(f"{tree.version}: {'byte for byte as before' if good else 'NOT as before'}")
    return (1, 0, 0) if good else (0, 1, 0)


def _museum(root, find, count):
    """Some mutants of every suite are killed, as the whole museum's are by `mutate`."""
    mutants = museum.collect(root, plan.read(root))
    results = mutate.mutate(root, museum.sample(mutants, SAMPLE[1], SAMPLE[0]),
                            cli.kunit_options([], mutate.TIMEOUT), find=find)
    print(mutate.summary(results))
    good = sum(result.good() for result in results)
    news = []
    for result in results:
        tree = find(result.mutant.split("/")[0])
        if result.verdict == journal.STALE and tree.version not in expected.seen_versions(
                root, tree.name):
            news.append(f"{tree.version}: the mutant {result.mutant} does not apply any more")
    count.news += news
    return good, len(results) - good - len(news), len(news)


def _symbols(root, of):
    """The newest tree knows every symbol that our Kconfig asks for; one of the Trees @of, what
    compat/ asks for.

    One that was renamed is no error to Kconfig: it is never set, and what needs it never runs.
    Where "||" has another name beside it, or a probe looks into the sources, that was thought of.
    """
    ours = {name: data.decode() for name, data in graft.overlay(root).items()
            if name.endswith("Kconfig")}
    known = {tree.name: DEFINED.findall("\n".join([*ours.values(), *_kconfigs(tree.path)]))
             for tree in of}
    anywhere, newest = set().union(*known.values()), set(known["newest"])
    asked, unknown = 0, set()
    for name, text in ours.items():
        for line in text.splitlines():
            match = re.match(r"\t(?:depends on|def_bool|imply|select|default) (.*)", line)
            asks = re.sub(r"\$\(.*\)", "", match[1]) if match else ""
            symbols = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", asks.partition("#")[0]))
            asked += len(symbols)
            lacks = symbols - (anywhere if "/compat/" in name else newest)
            unknown |= lacks if "||" not in line and "$(" not in line else set()
    needed = {symbol for needs in plan.read(root).needs.values() for symbol, _ in needs}
    asked, unknown = asked + len(needed), unknown | (needed - anywhere)
    for symbol in sorted(unknown):
        print(f"Kconfig: no tree that counts has the symbol {symbol}")
    return asked - len(unknown), len(unknown), 0


def _series(root, tree):
    """The suites can be sent: each patch is made of the files that are there today."""
    with tempfile.TemporaryDirectory(prefix="mmkunit-series-") as folder:
        names = series.write(series.Series(root, tree), os.path.join(folder, "series"))
    return len(names) - 1, 0, 0


def _kconfigs(path):
    """The texts of all Kconfig files below @path."""
    return [patches.read(os.path.join(folder, name)) for folder, _, names in os.walk(path)
            for name in names if name.startswith("Kconfig")]


def _bytes(top):
    """{path: sha256 of a file, "" for a directory}"""
    found = {}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(folder, name)
            digest = ""
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            found[os.path.relpath(path, top)] = digest
    return found


def _ignored(name):
    """What checkpatch may not say of @name: a function of the newest tree often has arguments
    that its older self had not, so compat/ drops them."""
    types = "MACRO_ARG_UNUSED,MACRO_ARG_REUSE,NEW_TYPEDEFS"
    return ["--ignore", types] if "/compat/" in name else []


def _checkpatch(root, tree):
    """The newest tree's checkpatch --strict is silent on every C file that is ours."""
    script = os.path.join(tree.path, "scripts/checkpatch.pl")
    ours = [n for n in graft.overlay(root) if n.endswith((".c", ".h"))]
    ours += [os.path.relpath(n, root) for n in glob.glob(os.path.join(root, "runner/gcov/*.[ch]"))]

    def complaint(name):
        done = subprocess.run(["perl", script, f"--root={tree.path}", "--strict", "--terse",
                               "--no-summary", *_ignored(name), "-f", os.path.join(root, name)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=process.environment(), check=False,
                              cwd=tree.path)
        said = done.stdout.decode(errors="replace").replace(root + "/", "").strip()
        return said or (f"{name}: checkpatch ended with {done.returncode}" if done.returncode else "")

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(filter(None, pool.map(complaint, sorted(ours))))
    for words in said:
        print(words)
    return len(ours) - len(said), len(said), 0
