# SPDX-License-Identifier: GPL-2.0
"""`bench`: our configuration against kunit.py's default one, on the same tree, in turn."""

import os
import re
import shutil
import sys
import time

from runner import boot, build, cache, cli, packages, process, stage, trees
from runner.errors import FAILED, PASSED, Unjudged

ARCH = "x86_64"
EDITED = "mm/hugetlb.c"
TARGETS = {"cold": 0.60, "edit": 0.55}


def bench_command(root, arguments):
    """Measure both, cold and after one edit; PASSED if both ratios reach their target."""
    cache.lock()
    packages.ensure(ARCH)
    tree = trees.find(arguments.tree)
    tree.key = "bench-" + tree.key       # a stage of its own: its mm/hugetlb.c is edited
    options = cli.kunit_options([])
    for folder in (cache.path("stage", tree.key), cache.path("build", tree.key)):
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(cache.path("build", tree.key))
    rows = []
    for what in TARGETS:
        edits = _edit(tree) if what == "edit" else {}
        path = stage.prepare(tree, stage.laid_over(tree, root, edits=edits)[0])
        rows.append((what, _default(tree, path), _ours(tree, root, options, edits)))
    print(f"\nLinux {tree.version} {ARCH}, {options.jobs} jobs, seconds:")
    print(f"{'':28}{'configure':>10}{'build':>10}{'boot':>10}{'all':>10}")
    good = True
    for what, default, ours in rows:
        print(f"{what + ', kunit.py default':28}" + "".join(f"{n:10.1f}" for n in default))
        print(f"{what + ', mmkunit':28}" + "".join(f"{n:10.1f}" for n in ours))
        ratio = ours[3] / default[3]
        good = good and ratio <= TARGETS[what]
        print(f"{what}: ratio {ratio:.2f}, target {TARGETS[what]:.2f}")
    return PASSED if good else FAILED


def _edit(tree):
    """{path: content} of the one file that somebody edits, in the stage alone."""
    with open(os.path.join(tree.path, EDITED), "rb") as file:
        return {EDITED: file.read() + b"/* edited by the benchmark */\n"}


def _default(tree, path):
    """(configure, build, boot, all) of kunit.py with its own configuration."""
    env = process.make_environment()
    if not boot.kvm()[0]:
        env["PATH"] = boot.NO_KVM + os.pathsep + env.get("PATH", os.defpath)
    said = []
    folder = cache.path("build", tree.key, "default")
    os.makedirs(folder, exist_ok=True)
    start = time.monotonic()
    code, _ = process.run([sys.executable, os.path.join(path, stage.KUNIT, "kunit.py"), "run",
                           f"--arch={ARCH}", f"--build_dir={folder}"],
                          said.append, None, env, path)
    whole = time.monotonic() - start
    parts = re.search(r"([\d.]+)s configuring, ([\d.]+)s building, ([\d.]+)s running",
                      "\n".join(said))
    if not parts:
        raise Unjudged("kunit.py did not get through: " + next(
            (line for line in reversed(said) if line.strip()), f"exit code {code}"))
    return (*map(float, parts.groups()), whole)


def _ours(tree, root, options, edits):
    """The same of `run`, with the look over the tree that finds what was edited."""
    start = time.monotonic()
    path = stage.prepare(tree, stage.laid_over(tree, root, edits=edits)[0])
    kernel = build.Build(tree, path, ARCH, options, root)
    kernel.configure()
    kernel.build()
    booted = boot.boot(kernel, [], True, [])
    return (kernel.seconds.get("configure", 0), kernel.seconds["build"], booted.seconds,
            time.monotonic() - start)
