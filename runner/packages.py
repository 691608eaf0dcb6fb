# SPDX-License-Identifier: GPL-2.0
"""What this machine lacks, and apt-get for it: the only thing that is done as root.

Nothing is installed with --no-install, or with MMKUNIT_NO_INSTALL=1 in the environment.
"""

import os
import shlex
import shutil
import subprocess
import sys

from runner import arches, process
from runner.errors import Unjudged
from runner.progress import Phase

TOOLS = {"make": "make", "gcc": "gcc", "ld": "binutils", "flex": "flex", "bison": "bison",
         "bc": "bc", "perl": "perl", "git": "git", "xz": "xz-utils", "cmp": "diffutils",
         "find": "findutils"}
LLVM = {"clang": "clang", "ld.lld": "lld", "llvm-ar": "llvm"}
NO_INSTALL = "MMKUNIT_NO_INSTALL"        # this variable set to 1: show what is to be installed
APT_GET = ["apt-get", "-o", "DPkg::Lock::Timeout=600"]      # s to wait for another apt or dpkg
HEADERS = {"stdio.h": "libc6-dev", "linux/types.h": "linux-libc-dev", "gelf.h": "libelf-dev"}


def missing(arch, llvm=False):
    """[(what, (package, or another one))] that builds and boots of @arch want and do not find."""
    of, prefix = arches.machine(arch), arches.prefix(arch)
    tools = dict(TOOLS)
    if llvm:
        tools.update(LLVM)
    elif prefix:
        tools[prefix + "gcc"] = of.compiler
    lack = [(tool, (package,)) for tool, package in tools.items() if not shutil.which(tool)]
    if shutil.which("gcc"):
        lack += [(f"<{h}>", (HEADERS[h],)) for h in _missing_headers(list(HEADERS))]
    else:
        lack.append(("<stdio.h>", ("libc6-dev",)))
    if of.qemu and not shutil.which("qemu-system-" + of.qemu):
        lack.append(("qemu-system-" + of.qemu, of.packages))
    return lack


def _missing_headers(headers):
    source = "".join(f"#include <{h}>\n" for h in headers).encode()
    done = subprocess.run(["gcc", "-E", "-o", os.devnull, "-"], input=source,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        return []
    if len(headers) == 1:
        return headers
    return [h for header in headers for h in _missing_headers([header])]


def install_command(lack):
    """The apt-get command that mends @lack, without the word that makes us root."""
    names = []
    for _, packages in lack:
        name = next((p for p in packages if _known(p)), packages[-1])
        if name not in names:
            names.append(name)
    return ["apt-get", "install", "-y", "--no-install-recommends", *names]


def _known(package):
    """Whether apt has such a package: one with text, not a name that others provide."""
    return bool(process.output(["apt-cache", "show", "--no-all-versions", package])[1].strip())


def ensure(arch, llvm=False):
    """Install what @arch lacks, or raise Unjudged with the command that would."""
    _mend(lambda: missing(arch, llvm), arch)


def ensure_tools(tools):
    """The same for @tools, {command: package}."""
    _mend(lambda: [(t, (p,)) for t, p in tools.items() if not shutil.which(t)], "this command")


def _mend(missing_now, user):
    """Install what missing_now() lists, until it lists nothing."""
    lack = missing_now()
    if not lack:
        return
    what = ", ".join(tool for tool, _ in lack)
    if not shutil.which("apt-get"):
        raise Unjudged(f"missing for {user}: {what}; install them, apt-get is not here")
    # sudo keeps little of our environment.
    rise = [] if os.geteuid() == 0 else ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    refused = os.environ.get(NO_INSTALL, "0") not in ("", "0")
    if refused or rise and process.output(["sudo", "-n", "true"])[0]:
        raise Unjudged(f"missing for {user}: {what}; as root: {shlex.join(install_command(lack))}")
    if not all(any(_known(p) for p in packages) for _, packages in lack):
        _apt(rise + [*APT_GET, "update"])
    command = [*rise, *APT_GET, *install_command(lack)[1:]]
    failed = _apt(command)
    lack = missing_now()
    if lack:
        raise Unjudged(f"missing for {user}: {', '.join(tool for tool, _ in lack)}, and "
                       f"'{shlex.join(command)}' did not mend it ({failed or 'no error'})")


def _apt(command):
    """Show and run an apt-get command; its first error line, if any."""
    print(f"$ {shlex.join(command)}", file=sys.stderr, flush=True)
    said = []
    with Phase(" ".join(w for w in command if w in ("apt-get", "install", "update"))):
        process.run(command, on_line=said.append,
                    env=process.environment(DEBIAN_FRONTEND="noninteractive"))
    return next((line for line in said if line.startswith("E:")), "")
