# SPDX-License-Identifier: GPL-2.0
"""`doctor` and `trees`: what is here, what is not, and what would mend it."""

import os
import shlex
import shutil

from runner import arches, boot, cache, errors, packages, plan, trees

CHECKED = ("um", "x86_64", "s390")


def doctor_command():
    """Say what each arch lacks, how KVM is, and whether the cache has room."""
    lacking = False
    for arch in CHECKED:
        try:
            lack = packages.missing(arch)
        except errors.Unjudged as why:
            print(f"{arch}: {why}")
            continue
        if not lack:
            print(f"{arch}: ready")
            continue
        lacking = True
        print(f"{arch}: missing {', '.join(tool for tool, _ in lack)}")
        print(f"    as root: {shlex.join(packages.install_command(lack))}")
    if not shutil.which("apt-get"):
        print("apt-get: missing; trees can be given by path only")
    works, words = boot.kvm()
    print(f"KVM: {'used' if works else 'not used'}: {words}")
    if not works and os.path.exists("/dev/kvm"):
        if os.access("/dev/kvm", os.R_OK | os.W_OK):
            print("    with kunit.py alone, keep QEMU off it: "
                  f"PATH={boot.NO_KVM}:$PATH kunit.py ...")
        else:
            print("    as root: adduser $USER kvm (then log in again)")
    base = cache.path()
    while not os.path.exists(base):
        base = os.path.dirname(base)
    free = shutil.disk_usage(base).free // cache.MIB
    words = "" if os.access(base, os.W_OK) else ", which cannot be written: set XDG_CACHE_HOME"
    print(f"cache: {cache.path()} ({free} MiB free){words}")
    if free < trees.UNPACKED_MIB:
        print(f"    a kernel source needs {trees.UNPACKED_MIB} MiB: rm -r {cache.path('build')}, "
              "or set XDG_CACHE_HOME to a larger disk")
    return errors.UNJUDGED if lacking else errors.PASSED


def trees_command(root):
    """Say which trees there are and what each suite owes on them."""
    the_plan = plan.read(root)
    for name in trees.NAMED:
        path = trees.present(name)
        where = f"{trees.version_of(path)} ({path})" if path else \
            f"not fetched (linux-source-{'*' if name == 'newest' else name})"
        print(f"{name}: {where}")
        for suite in the_plan.suites.values():
            cells = [_cell(the_plan, suite, name, arch) for arch in CHECKED]
            print(f"    {suite.name}: {'; '.join(cells)}")
    print("PATH: any tree from 5.10 on; every suite that its Kconfig can have")
    if the_plan.when:
        print("a case may be owed only when: " + "; ".join(the_plan.when.values()))
    return errors.PASSED


def _cell(the_plan, suite, tree, arch):
    cell = f"{tree}/{arch}"
    why = the_plan.why_not(suite.name, cell)
    if why:
        return f"{arch} - ({why})"
    if cell in suite.cells:
        cases = suite.cells[cell]
        return f"{arch} {cases if cases is not None else '?'} cases"
    if suite.only_arch() not in (None, arch):
        return f"{arch} - (its code is {suite.only_arch()}'s)"
    return f"{arch} - (not in the plan, can be run)"
