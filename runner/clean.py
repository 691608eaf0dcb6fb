# SPDX-License-Identifier: GPL-2.0
"""`clean`: drop from the cache what was not used for a while, and say what that freed."""

import os
import shutil

from runner import cache, errors, trees

ROOMS = ("trees", "stage", "build")      # of the cache; a folder each for a tree or its builds
DAYS = 14


def size(path):
    """Bytes on disk of all that is under @path; what goes away meanwhile does not count."""
    found = 0
    for folder, _, names in os.walk(path):
        for name in names + ["."]:
            try:
                found += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except OSError:
                pass
    return found


def drop(room, key):
    """Remove @key of the cache's @room; bytes freed, 0 if there was none."""
    path = cache.path(room, key)
    freed = size(path) if os.path.isdir(path) else 0
    shutil.rmtree(path, ignore_errors=True)
    try:
        os.unlink(cache.path("used", room, key))
    except OSError:
        pass
    return freed


def _of(room, key):
    """The keys in @room that belong to the tree @key: its own, without ports, the benchmark's."""
    folder = cache.path(room)
    return [found for found in os.listdir(folder) if found.removeprefix("bench-") == key
            or found.startswith(key + "-")] if os.path.isdir(folder) else []


def retire(tree, keep):
    """Drop the version whose place the Tree has just taken, with all that was built of it, unless
    it is among the versions in @keep.  A sentence, or ""."""
    if not tree.replaced or tree.replaced.partition("-")[2] in keep:
        return ""
    freed = sum(drop(room, found) for room in ROOMS for found in _of(room, tree.replaced))
    return (f"{tree.replaced} is dropped, {tree.key} has taken its place: "
            f"{freed // cache.MIB} MiB freed")


def clean_command(arguments):
    """Drop what was not used for --days days, or everything; errors.PASSED."""
    cache.lock()
    freed = 0
    for room in ROOMS:
        folder = cache.path(room)
        for key in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            days = min(cache.age("used", room, key), cache.age(room, key)) / 86400
            if arguments.all or days >= arguments.days:
                bytes_ = drop(room, key)
                freed += bytes_
                print(f"{room}/{key}: {bytes_ // cache.MIB} MiB")
    if arguments.all:
        for key in ("apt", "debs", "mutate", "used"):
            freed += drop("", key)
    print(f"{freed // cache.MIB} MiB freed in {cache.path()}")
    return errors.PASSED
