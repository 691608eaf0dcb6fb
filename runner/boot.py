# SPDX-License-Identifier: GPL-2.0
"""Boot a built kernel through the tree's own kunit.py, and find out whether KVM works."""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field

from runner import arches, cache, process
from runner.errors import Unjudged
from runner.progress import Phase

NO_KVM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "no-kvm")
GRACE = 20               # seconds that kunit.py gets to end a guest by itself
PROBE_SECONDS = 3
# What UML before 6.14 says of a processor that has more registers than it knows.
UML_REGISTERS = "put_fp_registers failed"
LAST = ".mmkunit-last-boot"          # in the build directory
ANSWER = 0x2a            # what the probe's guest writes; QEMU exits with 2n + 1


@dataclass
class Boot:
    lines: list = field(default_factory=list)
    timed_out: bool = False
    seconds: float = 0.0


def kvm():
    """(works, words): whether KVM runs a guest on this machine, as seen, in three seconds.

    A device that opens proves nothing: it may be there and hang.  The answer holds until the
    machine is booted again.
    """
    if platform.machine() != "x86_64":
        return False, "not looked for on this machine"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False, "/dev/kvm is not there or not ours to open"
    if not shutil.which("qemu-system-x86_64"):
        return False, "QEMU is not installed"
    if not _hardware_paging():
        return False, "/dev/kvm is there, but without hardware paging: kernels die in its emulator"
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            this_boot = file.read().strip()
        with open(cache.path("kvm"), encoding="ascii") as file:
            boot_id, word = file.read().split()
        if boot_id == this_boot:
            return word == "works", f"/dev/kvm {word}"
    except (OSError, ValueError):
        pass
    word = "works" if _run_probe() else "fails"
    _remember(word)
    return word == "works", f"/dev/kvm {word}"


def _hardware_paging():
    """Whether the processor walks a guest's page tables; asked of KVM's own parameters."""
    for parameter in ("kvm_intel/parameters/ept", "kvm_amd/parameters/npt"):
        try:
            with open("/sys/module/" + parameter, encoding="ascii") as file:
                if file.read().strip() in ("Y", "1"):
                    return True
        except OSError:
            pass
    return False


def _remember(word):
    """Keep what was seen of KVM for as long as the machine is up."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            cache.write_if_changed(cache.path("kvm"), file.read().strip() + f" {word}\n".encode())
    except OSError:
        pass


def _run_probe():
    """Whether a guest of three instructions runs: mov al, ANSWER; out 0xf4, al; hlt."""
    with tempfile.NamedTemporaryFile(suffix=".rom") as rom:
        rom.write(bytes(0xfff0) + bytes([0xb0, ANSWER, 0xe6, 0xf4, 0xf4]) + bytes(11))
        rom.flush()
        command = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-m", "16",
                   "-accel", "kvm", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
                   "-no-reboot", "-bios", rom.name]
        try:
            code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=PROBE_SECONDS).returncode
        except (subprocess.TimeoutExpired, OSError):
            return False
    return code == 2 * ANSWER + 1


def boot(build, suites, has_shutdown, console):
    """Run the kernel of @build; Boot.  One suite is filtered for, several are not: a glob is one.

    @console: a list that gets each line as it comes, whatever becomes of the boot.
    @has_shutdown: whether KUnit ends the machine by itself; else a panic without root does.
    """
    with_kvm = (build.arch != "um" and kvm()[0]
                and platform.machine() in arches.machine(build.arch).names)
    glob = suites if len(suites) == 1 and has_shutdown else []
    result, why = _once(build, glob, with_kvm, console)
    if why and with_kvm:
        print(f"note: KVM failed ({why}), once more without it", flush=True)
        _remember("fails")
        result, why = _once(build, glob, False, console)
    if why:
        raise Unjudged(f"kunit.py did not start the kernel: {why}")
    if build.arch == "um" and any(UML_REGISTERS in line for line in result.lines):
        raise Unjudged("this tree's UML cannot fork on this machine: its buffer for registers is "
                       "too small for a processor with AMX (6.14 mended that): use --arch x86_64")
    return result


def _kernel_key(build):
    """What a boot's outcome depends on: the image, and how it is booted."""
    options = build.options
    text = json.dumps([options.kernel_args, options.qemu_args, options.timeout])
    with open(os.path.join(build.path, build.image()), "rb") as file:
        return hashlib.sha256(text.encode() + file.read()).hexdigest()


def keep(build, booted):
    """Write down beside the @build what a Boot of all its suites said."""
    text = json.dumps({"kernel": _kernel_key(build), "boot": asdict(booted)})
    cache.write_if_changed(os.path.join(build.path, LAST), text.encode(errors="surrogateescape"))


def kept(build):
    """The Boot that keep() wrote down, if it was of the very kernel that is built now, or None."""
    try:
        with open(os.path.join(build.path, LAST), encoding="utf-8",
                  errors="surrogateescape") as file:
            found = json.load(file)
        return Boot(**found["boot"]) if found["kernel"] == _kernel_key(build) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _once(build, glob, with_kvm, console):
    """(Boot, why the kernel did not start or "")."""
    command, env = _command(build, with_kvm)
    result, broken = Boot(), ""
    with Phase(f"boot {build.tree.version} {build.arch}", build.quiet) as phase:
        def follow(line):
            nonlocal broken
            result.lines.append(line)
            console.append(line)
            phase.detail = f"{len(result.lines)} lines of console"
            if line.startswith(("KVM internal error", "error: kvm run failed")):
                broken = line
                raise StopIteration
        try:
            code, killed = process.run(command + glob, follow, build.options.timeout + GRACE,
                                       env, build.stage)
        except StopIteration:
            code, killed = 0, False
        phase.detail = ""
    result.seconds = phase.seconds
    result.timed_out = killed or any("timed out after" in line for line in result.lines[-5:])
    started = any("Linux version" in line or "TAP version" in line for line in result.lines)
    if not broken and not started and (with_kvm or not result.timed_out):
        said = [line.strip() for line in result.lines if line.strip()
                and not line.startswith(("$ ", "[", "Running tests", "stty"))]
        broken = said[-1] if said else f"no output, exit code {code}"
    return result, broken


def _command(build, with_kvm):
    """(kunit.py's command line, its environment)."""
    options, env = build.options, process.environment()
    kunit = os.path.join(build.stage, "tools/testing/kunit")
    command = [sys.executable, os.path.join(kunit, "kunit.py"), "exec", "--raw_output=all",
               f"--build_dir={build.path}", f"--timeout={options.timeout}"]
    arguments = list(options.kernel_args)
    if build.arch != "um":
        command.append(f"--qemu_config={build.qemu_config}")
        arguments[:0] = ["panic=-1", "oops=panic"]   # an oops ends the boot, no need to wait
        with open(os.path.join(kunit, "kunit_kernel.py"), "rb") as file:
            asks_for_kvm = re.search(rb"'-accel', *'kvm'", file.read())
        if not with_kvm:
            env["PATH"] = NO_KVM + os.pathsep + env.get("PATH", os.defpath)
        elif not asks_for_kvm:
            command.append("--qemu_args=-accel kvm -accel tcg")
    command += [f"--kernel_args={argument}" for argument in arguments]
    command += [f"--qemu_args={argument}" for argument in options.qemu_args]
    return command, env
