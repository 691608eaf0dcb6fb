# SPDX-License-Identifier: GPL-2.0
"""What an architecture needs to be built and booted here."""

import contextlib
import io
import os
import platform
import sys
from dataclasses import dataclass

from runner.errors import Unjudged, unknown

CONFIGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "configs")


@dataclass(frozen=True)
class Machine:
    """@names: what uname says on such a machine; @packages: the first that apt knows is taken.

    @firmware: packages that QEMU needs beside, under one name or the other.
    """
    names: tuple
    prefix: str
    compiler: str
    qemu: str = ""
    packages: tuple = ()
    firmware: tuple = ()


MACHINES = {
    "um": Machine(("x86_64",), "", "gcc"),
    "x86_64": Machine(("x86_64",), "x86_64-linux-gnu-", "gcc-x86-64-linux-gnu",
                      "x86_64", ("qemu-system-x86",)),
    "i386": Machine(("x86_64",), "", "gcc", "i386", ("qemu-system-x86",)),
    "s390": Machine(("s390x",), "s390x-linux-gnu-", "gcc-s390x-linux-gnu",
                    "s390x", ("qemu-system-s390x", "qemu-system-misc")),
    "arm64": Machine(("aarch64",), "aarch64-linux-gnu-", "gcc-aarch64-linux-gnu",
                     "aarch64", ("qemu-system-arm",)),
    "arm": Machine(("armv7l",), "arm-linux-gnueabihf-", "gcc-arm-linux-gnueabihf",
                   "arm", ("qemu-system-arm",)),
    "riscv": Machine(("riscv64",), "riscv64-linux-gnu-", "gcc-riscv64-linux-gnu",
                     "riscv64", ("qemu-system-riscv", "qemu-system-misc"),
                     ("opensbi", "qemu-system-data")),
}


def machine(arch):
    """The Machine of @arch; Unjudged if it is unknown or cannot be built here."""
    if arch not in MACHINES:
        raise unknown("arch", arch, sorted(MACHINES))
    if arch == "um" and platform.machine() != "x86_64":
        raise Unjudged(f"um needs an x86_64 machine, this is {platform.machine()}")
    return MACHINES[arch]


def prefix(arch):
    """CROSS_COMPILE for @arch, empty where the machine's own compiler does."""
    of = machine(arch)
    return "" if platform.machine() in of.names else of.prefix


def qemu_config(arch, stage):
    """(file, parameters) of kunit.py's description of the QEMU machine; (None, {}) for um.

    Ours if there is one for @arch, else the tree's own.
    """
    if arch == "um":
        return None, {}
    for folder in (CONFIGS, os.path.join(stage, "tools/testing/kunit/qemu_configs")):
        path = os.path.join(folder, arch + ".py")
        if os.path.isfile(path):
            return path, _execute(path, arch)
    raise Unjudged(f"this tree's kunit.py cannot boot {arch}")


def _execute(path, arch):
    """The parameters in the file @path, which kunit.py executes as well.

    Such a file may look for firmware, print what it misses, ask for leave to download it, and exit.
    """
    space, said, stdin = {"QemuArchParams": dict}, io.StringIO(), sys.stdin
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read().replace("from ..qemu_config import QemuArchParams", "")
        with contextlib.redirect_stdout(said):
            sys.stdin = io.StringIO()
            exec(compile(text, path, "exec"), space)
        return space["QEMU_ARCH"]
    except SystemExit as end:
        why = end.code if isinstance(end.code, str) else "it exits"
    except Exception as error:           # pylint: disable=broad-except
        why = f"{type(error).__name__}: {error}"
    finally:
        sys.stdin = stdin
    words = " ".join(said.getvalue().split()) or why
    names = machine(arch).firmware if said.getvalue() else ()
    mend = f"; as root: apt-get install {' '.join(names)}" if names else ""
    raise Unjudged(f"{arch} cannot be booted by {path}: {words}{mend}")
