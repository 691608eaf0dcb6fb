# SPDX-License-Identifier: GPL-2.0
"""From a tree to a verdict: stage, configure, build, boot, and compare with what is owed."""

import os

from runner import boot, build, ktap, packages, plan, ports, stage, trees
from runner import verdict as verdicts

LAST_LINES = 30


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
        self.overrides, notes = stage.laid_over(tree, root, kunit_from, edits)
        self.root, self.tree, self.arch, self.options = root, tree, arch, options
        self.notes = told + notes
        self.plan = plan.read(root)
        self.cell = None
        if tree.named:
            bare = "" if port or not ports.of(root, tree) else "-no-port"
            self.cell = f"{tree.name}{bare}/{arch}"
        self.build = None

    def make(self):
        """Stage, configure and build."""
        path = stage.prepare(self.tree, self.overrides)
        self.build = build.Build(self.tree, path, self.arch, self.options, self.root)
        self.build.configure()
        self.build.build()

    def boot(self, suites, built=None):
        """Run the kernel of the Build @built, our own if it is not given; Boot."""
        built = built or self.build
        with open(os.path.join(built.stage, "lib/kunit/executor.c"), encoding="utf-8") as file:
            executor = file.read()
        return boot.boot(built, suites, "kunit_shutdown" in executor)

    def verdict(self, booted, suites):
        """The Verdict on one boot: @suites, or all of the plan and any other that ran."""
        verdict = verdicts.Verdict(self.tree.name, self.tree.version, self.arch,
                                   notes=list(self.notes), warnings=self.build.warnings)
        verdict.seconds = {**self.build.seconds, "boot": booted.seconds}
        config, own = self.build.config(), not self.options.kconfig_add
        console = ktap.read(booted.lines)
        owed = [plan.owed(self.plan, suite, self.cell, self.build.stage, config, own)
                for suite in self.plan.pick(suites) if suite.only_arch() in (None, self.arch)
                and not self.plan.why_not(suite.name, self.cell or f"-/{self.arch}")]
        if not suites:
            owed += [plan.Owed(plan.Suite(name, "", {})) for name in console.suites
                     if name not in self.plan.suites]
        verdicts.judge(verdict, console, owed, self.plan, config,
                       self.options.timeout if booted.timed_out else 0)
        for condition in self.plan.arch.get(self.arch, []) if own else []:
            if f"CONFIG_MM_KUNIT_{condition}" not in config:
                verdict.problems.append(f"not compiled in on {self.arch}: "
                                        f"{self.plan.when.get(condition, condition)}")
        if not console.complete():
            verdict.log = [line for line in booted.lines if line.strip()][-LAST_LINES:]
        return verdict


def judge(root, tree, arch, suites, options, keep_log=None, port=True):
    """Stage, build and boot @tree on @arch, with its ports or without; the Verdict."""
    plan.read(root).pick(suites)
    kernel = Kernel(root, tree, arch, options, port)
    kernel.make()
    booted = kernel.boot(suites)
    if keep_log:
        with open(keep_log, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write("\n".join(booted.lines + [""]))
    return kernel.verdict(booted, suites)
