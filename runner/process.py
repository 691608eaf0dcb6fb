# SPDX-License-Identifier: GPL-2.0
"""Children that die with us: make, QEMU and what they start."""

import os
import re
import signal
import subprocess
import threading

# Variables of the caller's shell that would change what kbuild does.
UNWANTED = ("ARCH", "CROSS_COMPILE", "KBUILD_OUTPUT", "KCONFIG_ALLCONFIG", "KCONFIG_CONFIG",
            "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "O", "V", "W", "C", "M")

# All that make gets to see: what its tools are found by.  kbuild, make and the compilers read too
# many variables to name them all, and what changes a build must be in its directory's name.
FOR_MAKE = re.compile(r"PATH|HOME|USER|LOGNAME|TERM|TMPDIR|TMP|TEMP|LD_LIBRARY_PATH|LD_PRELOAD|"
                      r"(?:CCACHE|SCCACHE|DISTCC|ICECC|NIX|GUIX|XDG|MMKUNIT)_\w+|\w+_(?:proxy|PROXY)|"
                      r"LC_ALL|PYTHONDONTWRITEBYTECODE|PYTHONUNBUFFERED")
# Those which somebody may have set for the kernel's sake.
FOR_KBUILD = re.compile(r"ARCH|CROSS_COMPILE|LLVM(?:_IAS)?|K(?:C|A|CPP|RUST|LD)FLAGS|KBUILD_\w+|"
                        r"KCONFIG_\w+|GNUMAKEFLAGS|MAKEFILES|CC|LD|AR|NM|OBJCOPY|OBJDUMP|READELF|"
                        r"STRIP|PAHOLE|LOCALVERSION|SUBARCH|(?:C|A|LD)FLAGS_\w+|HOST(?:CC|CXX|LD|"
                        r"AR|RUSTC|(?:C|CXX|LD|RUST)FLAGS|LDLIBS)|USER(?:C|LD)FLAGS|INSTALL_\w+")

# A pipe from us to the guard ends when we end, however we end.  The guard holds the cache's
# lock as well, so that the next run starts when nothing of ours runs any more.
# ("-s NAME": dash takes the -- of "kill -NAME -- -GROUP" for a process.)
GUARD = """read x
kill -s TERM -- -$1 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10; do kill -s 0 -- -$1 2>/dev/null || exit; sleep 0.2; done
kill -s KILL -- -$1"""

# The command waits for its guard, so that there is no moment without one.
START = 'read go || exit 1; exec "$@" </dev/null'

lock_fd = None  # set by cache.lock()


def environment(**more):
    """The environment of every child: nothing of it may write into a source tree."""
    env = {k: v for k, v in os.environ.items() if k not in UNWANTED}
    env.update(LC_ALL="C", PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1", **more)
    return env


def make_environment(**more):
    """The same for make: nothing in it makes one build differ from another."""
    return {k: v for k, v in environment().items() if FOR_MAKE.fullmatch(k)} | more


def left_out():
    """[note] of variables that are not handed to make, and that somebody may have meant for it."""
    names = sorted(name for name in os.environ if FOR_KBUILD.fullmatch(name))
    return [f"{', '.join(names)} of the environment: not handed to make, --make_options are"
            ] if names else []


def _guard(group):
    pass_fds = () if lock_fd is None else (lock_fd,)
    return subprocess.Popen(["sh", "-c", GUARD, "mmkunit-guard", str(group)],
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, start_new_session=True,
                            pass_fds=pass_fds)


def _signal_group(child, number):
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def stop(child):
    """End @child and its group: asked first, so that make removes half-made files."""
    _signal_group(child, signal.SIGTERM)
    try:
        child.wait(3)
    except subprocess.TimeoutExpired:
        pass
    _signal_group(child, signal.SIGKILL)
    child.wait()


def run(command, on_line=None, timeout=None, env=None, cwd=None):
    """Run @command, hand on each line of its output, return (exit code, timed out)."""
    child = subprocess.Popen(["sh", "-c", START, "sh", *command], cwd=cwd,
                             env=env or environment(), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True)
    guard = _guard(child.pid)
    child.stdin.write(b"go\n")
    child.stdin.close()
    expired = threading.Event()

    def expire():
        expired.set()
        stop(child)

    timer = threading.Timer(timeout, expire) if timeout else None
    try:
        if timer:
            timer.daemon = True
            timer.start()
        for raw in child.stdout:
            if on_line:
                on_line(raw.decode(errors="backslashreplace").rstrip("\r\n"))
        child.wait()
    except BaseException:
        stop(child)
        raise
    finally:
        if timer:
            timer.cancel()
        _signal_group(child, signal.SIGKILL)
        guard.kill()
        guard.stdin.close()
        guard.wait()
        child.stdout.close()
    return child.returncode, expired.is_set()


def output(command, env=None, timeout=60, cwd=None):
    """(exit code, standard output) of a short @command; (127, "") if it cannot start."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=cwd,
                              stderr=subprocess.DEVNULL, env=env or environment(), timeout=timeout)
    except (OSError, subprocess.TimeoutExpired):
        return 127, ""
    return done.returncode, done.stdout.decode(errors="surrogateescape")
