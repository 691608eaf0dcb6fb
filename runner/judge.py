# SPDX-License-Identifier: GPL-2.0
"""From a tree to a verdict: stage, configure, build, boot, and compare with what must run."""

import os
from dataclasses import replace

from runner import boot, build, expected, fixtable, ktap, packages, plan, ports, process, stage, trees
from runner import verdict as verdicts
from runner.errors import Unjudged

LAST_LINES = 30


def cell(root, name, arch, port=True):
    """"6.1/s390" for the named tree @name, "6.1/s390-no-port" without the ports that it has."""
    bare = "" if port or not ports.for_arch(root, name, arch) else expected.NO_PORT
    return f"{name}/{arch}{bare}"


def why_not(the_plan, suite, arch, where):
    """Why @suite is never there on @arch, or ""; @where is the cell, None for a tree by path."""
    only = suite.only_arch()
    if only not in (None, arch):
        return f"its code is {only}'s"
    return the_plan.why_not(suite.name, where or f"-/{arch}")


def refuse(the_plan, names, arch, where):
    """Unjudged if a suite of @names, which somebody asks for, cannot be had there."""
    for suite in the_plan.pick(names) if names else []:
        words = why_not(the_plan, suite, arch, where)
        if words:
            raise Unjudged(f"{suite.name} cannot be judged on {where or arch}: {words}")


class Kernel:
    """A tree × arch × options, with the tree's ports or without: what is staged, built, booted.

    @overrides is what the stage lays over the tree; @notes is to be told with every verdict.
    """

    def __init__(self, root, tree, arch, options, port=True):
        packages.ensure(arch, any(o.startswith("LLVM=") for o in options.make_options))
        kunit_from = None
        if not os.path.isdir(os.path.join(tree.path, stage.KUNIT, "qemu_configs")):
            kunit_from = trees.find("6.1").path     # its kunit.py knows nothing but UML
        edits, told = ports.edits(root, tree, arch) if port else ({}, [])
        if not port and ports.of(root, tree):
            # A stage and a build of its own: a port that comes and goes rebuilds half of a kernel.
            tree = replace(tree, key=tree.key + expected.NO_PORT)
        self.overrides, notes = stage.laid_over(tree, root, kunit_from, edits)
        self.root, self.tree, self.arch, self.options = root, tree, arch, options
        self.notes = told + notes + process.left_out()
        self.plan = plan.read(root)
        self.cell = cell(root, tree.name, arch, port) if tree.named else None
        self.as_seen = not options.kconfig_add      # by the configuration that the cell was seen by
        self.accept = None               # the user's own Expected, in place of the cell's
        self.build = None
        self.console = []                # what the last boot has said so far

    def make(self):
        """Stage, configure and build."""
        path = stage.prepare(self.tree, self.overrides)
        self.build = build.Build(self.tree, path, self.arch, self.options, self.root)
        self.build.configure()
        self.build.build()

    def boot(self, suites, built=None):
        """Run the kernel of the Build @built, our own if it is not given; Boot."""
        built = built or self.build
        self.console = []
        booted = boot.boot(built, suites, self.filters(built), self.console)
        if not suites and built is self.build and ktap.read(booted.lines).complete():
            boot.keep(built, booted)
        return booted

    def filters(self, built=None):
        """Whether KUnit of the Build can run one suite alone, and end the machine by itself."""
        path = os.path.join((built or self.build).stage, "lib/kunit/executor.c")
        with open(path, "rb") as file:
            return b"kunit_shutdown" in file.read()

    def last_boot(self):
        """The last Boot of all suites, if it was of this very kernel with these options, or None."""
        return boot.kept(self.build)

    def elsewhere(self):
        """{suite: why} of the suites that no build of this arch has."""
        return {suite.name: why_not(self.plan, suite, self.arch, self.cell)
                for suite in self.plan.suites.values() if suite.only_arch() not in (None, self.arch)}

    def verdict(self, booted, suites):
        """The Verdict on one boot: @suites, or all of the plan and any other that ran."""
        verdict = verdicts.Verdict(self.tree.name, self.tree.version, self.arch,
                                   notes=list(self.notes), warnings=self.build.warnings)
        verdict.seconds = {**self.build.seconds, "boot": booted.seconds}
        config = self.build.config()
        console, owed = ktap.read(booted.lines), []
        for suite in self.plan.pick(suites):
            if suite.name in self.elsewhere():
                continue
            why = why_not(self.plan, suite, self.arch, self.cell)
            due = None if why else plan.owed(self.plan, suite, self.build.stage, config)
            if why or due.absent:
                verdict.absent[suite.name] = why or due.absent
            else:
                owed.append(due)
        if not suites:
            owed += [plan.Owed(plan.Suite(name, "")) for name in console.suites
                     if name not in self.plan.suites]
        seen = expected.read(self.root, self.cell) if self.cell else None
        if self.accept:
            seen, verdict.accepted = self.accept, self.accept.path
        verdicts.judge(verdict, console, owed, seen, self.as_seen,
                       self.options.timeout if booted.timed_out else 0)
        verdict.lacks = fixtable.lacking(fixtable.read(self.root), verdict)
        if not console.complete():
            verdict.log = [line for line in booted.lines if line.strip()][-LAST_LINES:]
        return verdict

    def ask_again(self, verdict):
        """Boot each suite alone that did not run, because the kernel crashed in one before it, and
        put what it says into the Verdict.
        """
        alone = [suite.name for suite in verdict.suites if suite.missing and self.filters()]
        for name in alone:
            again = self.verdict(self.boot([name]), [name])
            at = [suite.name for suite in verdict.suites].index(name)
            verdict.suites[at:at + 1] = again.suites
            verdict.problems += again.problems


def judge_cell(root, where, tree, options):
    """Stage, build and boot the named Tree as the cell @where of expected.CELLS; the Verdict."""
    _, arch, port, variant = expected.split(where)
    options = replace(options, kconfig_add=[*options.kconfig_add, *variant.kconfig])
    kernel = Kernel(root, tree, arch, options, port)
    kernel.cell, kernel.as_seen = where, True
    kernel.make()
    return kernel.verdict(kernel.boot(list(variant.suites)), list(variant.suites))


def judge(root, tree, arch, suites, options, keep_log=None, port=True, accept=None):
    """Stage, build and boot @tree on @arch, with its ports or without; the Verdict.

    @accept: the user's own Expected, by which the tree is judged.
    """
    where = cell(root, tree.name, arch, port) if tree.named else None
    refuse(plan.read(root), suites, arch, where)
    kernel = Kernel(root, tree, arch, options, port)
    kernel.accept = accept
    kernel.make()
    try:
        booted = kernel.boot(suites)
    finally:
        if keep_log:
            with open(keep_log, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write("\n".join(kernel.console + [""]))
    return kernel.verdict(booted, suites)
