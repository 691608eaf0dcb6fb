# SPDX-License-Identifier: GPL-2.0
"""The cache: where it is, that it has room, and that one run at a time uses it."""

import fcntl
import os
import pwd
import re
import shutil
import sys
import time

from runner import process
from runner.errors import Unjudged

MIB = 1 << 20


# All but these make, Kconfig or the shell take for something else somewhere in a build.
PLAIN = re.compile(r"[\w./+,@=~-]+")


def path(*parts):
    """A path in the cache; nothing is made.  A relative XDG_CACHE_HOME does not count, as XDG has it."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(_home(), ".cache")
    return os.path.join(base, "mmkunit", *parts)


def _home():
    """The user's directory; Unjudged if nothing says where it is."""
    home = os.environ.get("HOME", "")
    if not os.path.isabs(home):
        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            pass
    if not os.path.isabs(home):
        raise Unjudged("no place for the cache: neither XDG_CACHE_HOME nor HOME is an absolute path")
    return home


def need_space(mib, what):
    """Refuse before the work rather than in the midst of it."""
    free = shutil.disk_usage(path()).free // MIB
    mib = int(os.environ.get("MMKUNIT_NEED_MIB", mib))
    if free < mib:
        raise Unjudged(f"no disk space: {what} needs {mib} MiB, {path()} has {free} MiB free")


def used(kind, key):
    """Note that @key of the cache's room @kind ("trees", "stage", "build") is used now."""
    mark = path("used", kind, key)
    os.makedirs(os.path.dirname(mark), exist_ok=True)
    with open(mark, "w", encoding="ascii"):
        pass                         # it is the time of the file that counts


def age(*parts):
    """Seconds since the cache's file @parts was written; infinite if it is not there."""
    try:
        return max(0.0, time.time() - os.stat(path(*parts)).st_mtime)
    except OSError:
        return float("inf")


def lock():
    """Take the cache for this process; wait, and say for whom, if another has it.

    The kernel drops the lock when its holder dies, so none is ever stale.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    if given and not os.path.isabs(given):
        print(f"mmkunit: XDG_CACHE_HOME={given} is not absolute and does not count: the cache is "
              f"{path()}", file=sys.stderr, flush=True)
    if not PLAIN.fullmatch(path()):
        raise Unjudged(f"the cache {path()} has a space or another special character in its path, "
                       "and make cannot build there: set XDG_CACHE_HOME")
    try:
        os.makedirs(path(), exist_ok=True)
        fd = os.open(path("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise Unjudged(f"the cache {path()} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(fd, 500, 0).decode(errors="replace").strip() or "another run"
        print(f"mmkunit: waiting: the cache {path()} is in use by {holder}",
              file=sys.stderr, flush=True)
        fcntl.flock(fd, fcntl.LOCK_EX)
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"pid {os.getpid()} ({' '.join(sys.argv)})\n"
              .encode(errors="surrogateescape"), 0)
    process.lock_fd = fd


def write_if_changed(name, data, mode=None):
    """Put @data into file @name, whole or not at all; an equal file keeps its time."""
    try:
        if not os.path.islink(name):
            with open(name, "rb") as old:
                if old.read() == data:
                    return False
    except (FileNotFoundError, IsADirectoryError):
        pass
    temporary = name + ".mmkunit-tmp"
    with open(temporary, "wb") as new:
        new.write(data)
    if mode is not None:
        os.chmod(temporary, mode)
    os.replace(temporary, name)
    return True
