# SPDX-License-Identifier: GPL-2.0
"""`mutate`: re-introduce the museum's bugs, one at a time, and see which case says so.

While one mutant boots the next is built: a boot uses a copy of what it needs.
"""

import copy
import json
import os
import shutil
import sys
import threading
import time
from dataclasses import asdict

from runner import (arches, cache, errors, judge, ktap, museum, patches, picture, plan, progress,
                    stage, trees)
from runner import verdict as verdicts
from runner.errors import Unjudged
from runner.journal import (BROKEN, CRASHED, EQUIVALENT, KILLED, STALE, SURVIVED, Journal, Result)

TIMEOUT = 60             # seconds for the unbroken boot; a mutant's gets less, see Museum._group()
SLOTS = 2                # copies of a kernel: one boots, one is being made


class Boots:
    """One boot at a time, beside whatever the caller does."""

    def __init__(self):
        self.thread, self.error = None, None

    def start(self, act):
        self.wait()

        def run():
            try:
                act()
            except BaseException as error:      # pylint: disable=broad-except
                self.error = error
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def wait(self):
        """Until the boot is over; raises what it raised."""
        if self.thread:
            self.thread.join()
            self.thread = None
        if self.error:
            error, self.error = self.error, None
            raise error


def copied(kernel, slot):
    """A Build like that of the Kernel, whose image is in a place of its own."""
    of = copy.copy(kernel.build)
    of.path = cache.path("mutate", f"slot-{slot}")
    target = os.path.join(of.path, of.image())
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy2(os.path.join(kernel.build.path, of.image()), target)
    return of


def first_words(lines):
    """What KUnit said first of a failed case, or else the kernel."""
    lines = [line.strip() for line in lines if line.strip()]
    at = next((i + 1 for i, line in enumerate(lines) if ktap.COMPLAINT.search(line)), len(lines))
    said = lines[at:] + [line for line in lines if not line.startswith(("the kernel did not",
                                                                        "kernel splat in"))]
    return (said or lines or ["not ok, without a word"])[0]


def judged(mutant, verdict, result, before=frozenset()):
    """Say in @result what the Verdict means for the Mutant; @before: cases that are red anyhow."""
    crashed = silent = ""    # the case that the kernel did not come back from; without a word of it
    for suite in verdict.suites:
        crashed = crashed or suite.crashed
        for case, lines in suite.failed.items():
            if case not in suite.unheard and case not in before:
                result.red[case] = first_words(lines)
            if case == suite.crashed and not ktap.complaint(lines):
                silent = case
    broke = next((p for p in verdict.problems if p.startswith("the kernel")), "")
    said = [case for case in mutant.red + mutant.crash if case in result.red and case != silent]
    missed = [case for case in mutant.red + mutant.crash if case not in result.red]
    others = [case for case in result.red if case not in mutant.red + mutant.crash]
    beside = f"; red instead: {', '.join(others[:4])}" if others else ""
    if mutant.why:
        seen = not (_as_before(verdict, before) or result.red and mutant.why.startswith("race: "))
        result.verdict = SURVIVED if seen else EQUIVALENT
        result.words = f"is no equivalent{beside or ', not green'}" if seen else mutant.why
    elif missed:
        result.verdict, result.words = SURVIVED, f"not red: {', '.join(missed)}{beside}"
        if before.intersection(missed):
            result.words = f"red without it: {', '.join(sorted(before.intersection(missed)))}"
    elif said:
        result.verdict, result.after = KILLED, broke
    elif crashed in mutant.crash:
        result.verdict = CRASHED
    else:
        result.verdict, result.words = SURVIVED, f"{broke}, and the patch names no crash"


def _as_before(verdict, before):
    """Whether the Verdict has no failure but the cases @before."""
    passed, failed, _ = verdict.counts()
    return passed and failed == sum(case in before for s in verdict.suites for case in s.failed)


class Museum:
    """One run over some mutants; @find(name) gives a Tree."""

    def __init__(self, root, options, journal=None, find=trees.find):
        self.find, self.before = find, {}       # @before: suite -> cases that are red anyhow
        self.root, self.options, self.journal = root, options, journal
        self.results, self.boots, self.slot, self.last = [], Boots(), 0, time.monotonic()

    def run(self, mutants, tree_name=None):
        """Every mutant, tree by tree and arch by arch, into @results.

        If a tree × arch cannot be judged the others are, and Unjudged is raised at the end.
        """
        groups, unjudged = {}, []
        for mutant in mutants:
            groups.setdefault((tree_name or mutant.tree, mutant.arch), []).append(mutant)
        for (name, arch), of in groups.items():
            try:
                self._group(self.find(name), arch, of)
            except Unjudged as why:
                unjudged.append(f"{name} {arch}: {why}" if len(groups) > 1 else str(why))
        if unjudged:
            raise Unjudged("; ".join(unjudged))

    def _group(self, tree, arch, mutants):
        """The mutants of one tree and arch, those of a file one after another."""
        todo = []
        for mutant in sorted(mutants, key=lambda m: (sorted(m.files), m.name)):
            known = self.journal and self.journal.known.get(self.journal.key(tree, mutant))
            if known and known.good():
                self._told(known)
            else:
                todo.append(mutant)
        if not todo:
            return
        kernel = judge.Kernel(self.root, tree, arch, copy.copy(self.options))
        kernel.make()
        suites = sorted({suite for m in todo for suite in m.suites()})
        booted = kernel.boot(suites)
        verdict = kernel.verdict(booted, suites)
        for suite, words in verdict.absent.items():
            raise Unjudged(f"{suite} cannot be judged on {tree.version} {arch}: {words}")
        if (verdict.problems or any(s.problems for s in verdict.suites)
                or verdict.seen == verdict.version and verdict.unexpected()):
            verdicts.report(verdict, print)
            raise Unjudged(f"the unbroken {tree.version} does not do on {arch} what it should: "
                           "its mutants would prove nothing")
        self.before = {suite.name: set(suite.failed) for suite in verdict.suites}
        print("unbroken {} {}: {} passed, {} failed, {} skipped".format(
            tree.version, arch, *verdict.counts()), flush=True)
        kernel.build.quiet = True
        kernel.options.timeout = min(kernel.options.timeout, int(10 + 3 * booted.seconds))
        try:
            for mutant in todo:
                self._one(kernel, mutant)
            self.boots.wait()
        finally:
            stage.prepare(tree, kernel.overrides)

    def _one(self, kernel, mutant):
        result = Result(mutant.name, mutant.suite, mutant.arch, "", named=mutant.red + mutant.crash)
        start = time.monotonic()

        def original(name):
            return kernel.overrides.get(name) or kernel.tree.read(name)

        edits, stale = patches.apply([mutant.path], original)
        if stale:
            result.verdict, result.words = STALE, f"does not apply to {kernel.tree.version}"
            return self._done(kernel, mutant, result)
        try:
            stage.prepare(kernel.tree, {**kernel.overrides, **edits})
            kernel.build.build()
        except Unjudged as why:
            result.verdict, result.words = BROKEN, str(why)
            return self._done(kernel, mutant, result)
        self.slot = (self.slot + 1) % SLOTS
        built = copied(kernel, self.slot)
        result.build = time.monotonic() - start

        def boot():
            booted = kernel.boot(mutant.suites(), built)
            result.boot = booted.seconds
            judged(mutant, kernel.verdict(booted, mutant.suites()), result,
                   set().union(*(self.before[suite] for suite in mutant.suites())))
            self._done(kernel, mutant, result)
        return self.boots.start(boot)

    def _done(self, kernel, mutant, result):
        result.wall, self.last = time.monotonic() - self.last, time.monotonic()
        if self.journal:
            self.journal.add(self.journal.key(kernel.tree, mutant), result)
        self._told(result)

    def _told(self, result):
        self.results.append(result)
        print(result.line(), flush=True)


def summary(results):
    """The one line that says it all, with the time that it took, in this run or one before."""
    count = {word: sum(r.verdict == word for r in results)
             for word in (KILLED, CRASHED, SURVIVED, STALE, BROKEN, EQUIVALENT)}
    seconds = sum(r.wall for r in results)
    return (f"{len(results)} mutants: {count[KILLED]} killed by a case, {count[CRASHED]} by a "
            f"crash, {count[SURVIVED]} survived, {count[STALE]} stale, {count[BROKEN]} build "
            f"errors, {count[EQUIVALENT]} equivalent; {seconds:.0f} s, "
            f"{len(results) * 3600 / max(seconds, 1):.0f} an hour")


def mutate(root, mutants, options, tree_name=None, journal=None, results=None,
           find=trees.find):
    """[Result] of the Mutants; @results is the list to fill, so that a cut off run has some."""
    museum_run = Museum(root, options, journal, find)
    museum_run.results = [] if results is None else results
    progress.still = True            # a build and a boot at once would write over each other
    try:
        museum_run.run(mutants, tree_name)
    finally:
        progress.still = False
    return museum_run.results


def chosen(root, the_plan, arguments):
    """The Mutants that the command line asks for."""
    reasons = museum.equivalent(root)
    if arguments.file:
        mutants = [museum.read(path, the_plan.suites, reasons) for path in arguments.file]
    elif arguments.tree not in (None, *trees.NAMED):
        raise Unjudged(f"the museum has nothing for {arguments.tree}: name the patches to try "
                       "there")
    else:
        mutants = [m for m in museum.collect(root, the_plan)
                   if arguments.tree in (None, m.tree)]
    mutants = [m for m in mutants if m.suite in arguments.suite or not arguments.suite]
    if not mutants:
        raise Unjudged("the museum has no such mutant: look into museum/")
    for mutant in mutants:
        arches.machine(mutant.arch)
        name = arguments.tree or mutant.tree
        where = judge.cell(root, name, mutant.arch) if name in trees.NAMED else None
        judge.refuse(the_plan, [mutant.suite], mutant.arch, where)
    return mutants


def mutate_command(root, arguments, options):
    """`mutate`; errors.FAILED if anything survived, is stale or does not build."""
    the_plan = plan.read(root)
    the_plan.pick(arguments.suite)
    mutants = chosen(root, the_plan, arguments)
    for path in filter(None, (arguments.json, arguments.svg)):
        verdicts.claim(path)
    cache.lock()
    journal = Journal(root, options)
    results, why = [], None
    try:
        mutate(root, mutants, options, arguments.tree, journal, results)
    except Unjudged as error:
        why = error
        print(f"mmkunit: {why}", file=sys.stderr, flush=True)
    except BaseException as error:
        _write(arguments, results, error, the_plan, root)
        raise
    _write(arguments, results, why, the_plan, root)
    print(summary(results))
    if not all(r.good() for r in results):
        return errors.FAILED         # what is mended since is all that the next run tries
    if why:
        return errors.UNJUDGED
    journal.close()
    return errors.PASSED


def _write(arguments, results, error, the_plan, root):
    """The reports that were asked for, of the [Result]; @error, if any, is why it is not all."""
    if arguments.json:
        found = [asdict(result) for result in results]
        found += [{"why": errors.told(error)[0]}] if error else []
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
            file.write("\n")
    if arguments.svg:
        with open(arguments.svg, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(picture.draw(results, plan.cases(the_plan, root)))

