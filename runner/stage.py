# SPDX-License-Identifier: GPL-2.0
"""The stage: a copy of a tree made of symbolic links, with the overlay laid in.

The tree itself is never written to.  An edit in it is seen through the link, so kbuild rebuilds
what it touches and no more.  What we change, and tools/testing/kunit, which finds its tree by its
real path, are real files.
"""

import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import time

from runner import cache, graft, process
from runner.errors import Unjudged
from runner.progress import Phase

STATE = ".mmkunit-stage"
KUNIT = "tools/testing/kunit"


def laid_over(tree, root, kunit_from=None, edits=None):
    """({path: content}, notes): the overlay of @root, @edits, and what else the stage changes.

    @kunit_from is the path of a tree whose kunit.py is laid over this tree's own.
    """
    overrides, notes = graft.for_stage(tree.path, root)
    overrides.update(edits or {})
    for source in (tree.path, kunit_from):
        if source:
            overrides.update(_files(source, KUNIT))
    return overrides, notes


def prepare(tree, overrides):
    """Stage the Tree with @overrides ({path: content}) laid over it; the stage's path."""
    path = cache.path("stage", tree.key)
    cache.used("stage", tree.key)
    with Phase(f"stage {tree.version}", quiet=os.path.exists(os.path.join(path, STATE))) as phase:
        changed, lost = refresh(tree.path, path, overrides, _build_output(tree.path))
        phase.detail = f"{changed} entries"
    for folder, why in lost:
        print(f"note: {folder} cannot be read and is left out ({why})", flush=True)
    return path


def _files(tree, top):
    """{path: content} of everything under @top."""
    found = {}
    for folder, _, names in os.walk(os.path.join(tree, top)):
        for name in names:
            path = os.path.join(folder, name)
            try:
                if not name.endswith(".pyc") and os.path.isfile(path):
                    with open(path, "rb") as file:
                        found[os.path.relpath(path, tree)] = file.read()
            except FileNotFoundError:
                pass                 # an editor's, gone meanwhile
    return found


def _build_output(tree):
    """Paths in a tree that was built in place which are no sources.

    kbuild refuses a separate build directory for such a tree.  What is output, the tree's own
    .gitignore files say; git is asked without writing anything into the tree.
    """
    marks = [".config", "include/config", "include/generated"]
    if not (any(os.path.exists(os.path.join(tree, mark)) for mark in marks)
            or glob.glob(os.path.join(glob.escape(tree), "arch/*/include/generated"))):
        return set()
    command = ["git", "-c", "safe.directory=*", "-c", "core.excludesFile=/dev/null"]
    if not os.path.exists(os.path.join(tree, ".git")):
        repository = cache.path("empty.git")
        process.output(["git", "init", "--quiet", "--bare", repository])
        command += [f"--git-dir={repository}", f"--work-tree={tree}", "-c", "core.bare=false"]
    env = process.environment(GIT_OPTIONAL_LOCKS="0")
    code, text = process.output(command + ["ls-files", "-z", "--others", "--ignored",
                                           "--exclude-per-directory=.gitignore"],
                                env=env, cwd=tree)
    if code:
        raise Unjudged(f"{tree} was built in place, and git, which can tell its sources from its "
                       "output, failed or is missing: install git, or make mrproper there")
    return set(text.split("\0")) - {""}


def refresh(source, path, overrides, omit):
    """Make @path mirror @source, with @overrides ({path: content}) and without @omit.

    Returns (entries changed, [(directory, why it cannot be read)]).  Only directories that changed since the last refresh are looked into.  A refresh that was
    killed leaves the old record, with which the next one repairs what is half done.
    """
    os.makedirs(path, exist_ok=True)
    digest = hashlib.sha256("\0".join([source, *sorted(omit)])
                            .encode(errors="surrogateescape")).hexdigest()
    old = _load(path)
    known = old["dirs"] if old.get("digest") == digest else {}
    forced = {""}
    for name in [*overrides, *old.get("overrides", [])]:
        while name:
            name = os.path.dirname(name)
            forced.add(name)
    record, changed, todo, now, lost = {}, 0, [""], time.time_ns(), []
    while todo:
        folder = todo.pop()
        try:
            stamp = os.stat(os.path.join(source, folder)).st_mtime_ns
        except OSError:
            stamp = 0                # it exists in the overlay alone, or no more
        if folder in known and known[folder][0] == stamp and folder not in forced:
            subdirs = known[folder][1]
        else:
            count, subdirs = _folder(source, path, folder, overrides, omit, lost)
            changed += count
        # A directory that changes in this very moment must be looked into again.
        again = now - stamp <= 2_000_000_000 or lost and lost[-1][0] == folder
        record[folder] = (-1 if again else stamp, subdirs)
        todo += [os.path.join(folder, name) for name in subdirs]
    if "time" in old:
        builds = [folder for folder, (_, subdirs) in record.items()
                  if not subdirs and _is_build(source, folder)]
        changed += _renew_links(source, path, old["time"], builds)
    text = json.dumps({"digest": digest, "dirs": record, "overrides": sorted(overrides),
                       "time": now})
    cache.write_if_changed(os.path.join(path, STATE), text.encode())
    return changed, lost


def _renew_links(source, path, since, builds):
    """Make the links anew whose files have changed since @since, in ns; how many.

    Neither git's own files nor those in the directories @builds have links.

    A file that was put back with its old time (mv, cp -p, rsync -a) is older than what was built
    of its edited self.  Its link is not, and make -L goes by the younger of the two.
    """
    left_out = ["-path", "./.*"]     # directories of the top alone, as in _wanted()
    for folder in builds:
        left_out += ["-o", "-path", "./" + re.sub(r"([*?[\\])", r"\\\1", folder)]
    done = subprocess.run(["find", ".", "-ignore_readdir_race", "-type", "d", "(", *left_out, ")",
                           "-prune", "-o", "-type", "f", "-newerct", f"@{since / 1e9:.9f}",
                           "-printf", "%P\\0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=process.environment(), cwd=source, check=False)
    # What is not readable, or went away meanwhile, is no link either.
    said = [line for line in os.fsdecode(done.stderr).splitlines()
            if not line.endswith((": Permission denied", ": No such file or directory"))]
    if said or done.returncode not in (0, 1):
        raise Unjudged(f"find could not look through {source}: {(said or ['no word'])[0]}")
    renewed = 0
    for name in os.fsdecode(done.stdout).split("\0"):
        link = os.path.join(path, name)
        if name and os.path.islink(link):
            target = os.readlink(link)
            os.symlink(target, link + ".mmkunit-tmp")
            os.replace(link + ".mmkunit-tmp", link)
            renewed += 1
    return renewed


def _load(path):
    try:
        with open(os.path.join(path, STATE), encoding="utf-8") as file:
            return json.load(file)
    except (FileNotFoundError, ValueError):
        return {"dirs": {}}


def _folder(source, path, folder, overrides, omit, lost):
    """Bring one directory of the stage up to date; (entries changed, its subdirectories).

    One that cannot be read is empty, and added to @lost.
    """
    links, subdirs = {}, set()
    try:
        if not _is_build(source, folder):
            links, subdirs = _wanted(source, folder, omit)
    except PermissionError as error:
        if not folder:
            raise
        lost.append((folder, error.strerror))
    files = {}
    for name in overrides:
        if os.path.dirname(name) == folder:
            files[os.path.basename(name)] = overrides[name]
        elif not folder or name.startswith(folder + "/"):
            subdirs.add(name[len(folder) + 1 if folder else 0:].split("/")[0])
    target, changed = os.path.join(path, folder), 0
    for entry in list(os.scandir(target)):
        if entry.name in subdirs and entry.is_dir(follow_symlinks=False):
            continue
        if entry.name in files and entry.is_file(follow_symlinks=False):
            continue
        if entry.is_symlink() and entry.name not in files \
                and links.get(entry.name) == os.readlink(entry.path):
            del links[entry.name]
            continue
        if entry.name == STATE and not folder:
            continue
        changed += 1
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
    for name, link in links.items():
        if name not in files and name not in subdirs:
            os.symlink(link, os.path.join(target, name))
            changed += 1
    for name, data in files.items():
        changed += cache.write_if_changed(os.path.join(target, name), data)
    for name in subdirs:
        os.makedirs(os.path.join(target, name), exist_ok=True)
    return changed, sorted(subdirs)


def _is_build(source, folder):
    """Whether the directory is one that somebody builds this tree in (make O=), inside the tree."""
    path = os.path.join(source, folder)
    if not folder:
        return False                 # built in place: see _build_output()
    if os.path.islink(os.path.join(path, "source")):
        return os.path.realpath(os.path.join(path, "source")) == os.path.realpath(source)
    return (os.path.isfile(os.path.join(path, ".config"))
            and os.path.isdir(os.path.join(path, "include/config")))


def _wanted(source, folder, omit):
    """({name: link text}, {subdirectories}) of one directory of the source."""
    links, subdirs = {}, set()
    try:
        entries = list(os.scandir(os.path.join(source, folder)))
    except FileNotFoundError:
        return links, subdirs        # it exists in the overlay alone
    for entry in entries:
        name = os.path.join(folder, entry.name)
        if name in (graft.MANIFEST, ".git") or name in omit or entry.name == "__pycache__":
            continue                 # (.git is a file in a worktree)
        if entry.is_symlink():
            try:
                links[entry.name] = _relink(source, folder, entry)
            except FileNotFoundError:
                pass                 # gone meanwhile
        elif entry.is_dir():
            # The top's dot directories are git's, kunit.py's and the like, never the kernel's.
            if (folder or not entry.name.startswith(".")) and not _all_output(entry.path, name, omit):
                subdirs.add(entry.name)
        elif entry.is_file():
            links[entry.name] = entry.path
    return links, subdirs


def _all_output(path, name, omit):
    """A directory that holds nothing but build output, as include/config does."""
    if not omit:
        return False
    seen = False
    for folder, _, files in os.walk(path):
        where = os.path.relpath(folder, path)
        for file in files:
            seen = True
            if os.path.normpath(os.path.join(name, where, file)) not in omit:
                return False
    return seen


def _relink(source, folder, entry):
    """A link's text for the stage: its own if it stays in the tree, else one to the link."""
    text = os.readlink(entry.path)
    inside = os.path.normpath(os.path.join(folder, text))
    return entry.path if os.path.isabs(text) or inside.startswith("..") else text
