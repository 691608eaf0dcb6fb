# SPDX-License-Identifier: GPL-2.0
"""`doctor` and `trees`: what is here, what is not, and what would mend it."""

import os
import shlex
import shutil

from runner import arches, boot, cache, errors, expected, packages, trees

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
    """Say which trees there are, and what each was last seen to do."""
    for name in trees.NAMED:
        have = [os.path.basename(path)[len(name) + 1:] for path in trees.present(name)]
        package = f"linux-source-{'*' if name == 'newest' else name}"
        print(f"{name:8} {', '.join(have) + ' in the cache' if have else package + ', not fetched'}")
        for cell in expected.CELLS:
            found = expected.read(root, cell) if cell.startswith(name + "/") else None
            if found:
                print(f"    {cell.split('/')[1]:13} {found.version}: "
                      f"{found.count(expected.PASS)} pass, {found.count(expected.FAIL)} fail, "
                      f"{found.count(expected.SKIP)} skipped")
    print("PATH     any tree from 5.10 on")
    return errors.PASSED
