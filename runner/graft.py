# SPDX-License-Identifier: GPL-2.0
"""Lay the overlay into a kernel tree, and take it out again byte for byte.

A manifest in the tree says what is ours.  It is written before the first change and removed after
the last, so that a graft or an ungraft that was killed is finished by the next one.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass

from runner import cache, trees
from runner.errors import Unjudged

MANIFEST = "mm/tests/.mmkunit"


@dataclass
class Hook:
    """@text goes into @file before its last line that begins with @anchor, or to its end."""
    needs: str       # only if the overlay has this directory
    file: str
    text: str
    anchor: str = ""


HOOKS = (
    Hook("mm/tests", "mm/Makefile", "obj-$(CONFIG_KUNIT) += tests/\n"),
    Hook("mm/tests", "mm/khugepaged.c",
         "\n#ifdef CONFIG_KHUGEPAGED_KUNIT_TEST\n"
         '#include "tests/compat/khugepaged.h"\n'
         '#include "tests/khugepaged_kunit.c"\n'
         "#endif\n"),
    Hook("mm/tests", "mm/Kconfig", 'source "mm/tests/Kconfig"\n\n', "endmenu"),
    Hook("arch/s390/mm/tests", "arch/s390/mm/Makefile", "obj-$(CONFIG_KUNIT) += tests/\n"),
    Hook("arch/s390/mm/tests", "arch/s390/Kconfig",
         'source "arch/s390/mm/tests/Kconfig"\n\n', "endmenu"),
)


def overlay(root):
    """{path in a kernel tree: content} of the overlay in the checkout at @root."""
    files = {}
    for top in ("mm/tests", "arch"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            where = os.path.relpath(folder, root)
            if not re.match(r"(arch/\w+/)?mm/tests(/|$)", where):
                continue
            for name in sorted(names):
                if name.endswith((".c", ".h", ".kunitconfig")) or name in ("Kconfig", "Makefile"):
                    with open(os.path.join(folder, name), "rb") as file:
                        files[f"{where}/{name}"] = file.read()
    if "mm/tests/Kconfig" not in files:
        raise Unjudged(f"the overlay in {root} is incomplete: it has no mm/tests/Kconfig")
    return files


def hooked(hook, data):
    """(new content, inserted bytes); (data, b"") if the line is there already."""
    text = hook.text.encode()
    if re.search(rb"^" + re.escape(text.strip()) + rb"$", data, re.M):
        return data, b""
    if hook.anchor:
        anchors = list(re.finditer(rb"^" + hook.anchor.encode() + rb"\b", data, re.M))
        if not anchors:
            raise Unjudged(f"no '{hook.anchor}' line to anchor to in {hook.file}: nothing changed")
        at = anchors[-1].start()
    else:
        at = len(data)
        text = (b"\n" if data and not data.endswith(b"\n") else b"") + text
    return data[:at] + text + data[at:], text


def _hooks(files):
    return [h for h in HOOKS if any(f.startswith(h.needs + "/") for f in files)]


def _read(tree, name):
    try:
        with open(os.path.join(tree, name), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def manifest(tree):
    """{"files": {path: sha256}, "hooks": [[path, inserted]], "dirs": [...], "links": {path: [the
    link's text, sha256 of the file in its place, ...]}} of a grafted tree."""
    data, empty = _read(tree, MANIFEST), {"files": {}, "hooks": [], "dirs": [], "links": {}}
    try:
        return {**empty, **(json.loads(data) if data is not None else {})}
    except ValueError:
        raise Unjudged(f"{os.path.join(tree, MANIFEST)} cannot be read: "
                       "it is not as mmkunit wrote it") from None


def for_stage(tree, root):
    """({path: content}, notes): what the stage of @tree lays over it.

    A grafted file that the user has edited in the tree counts as an edit of the tree, and wins.
    """
    files, old, notes = overlay(root), manifest(tree)["files"], []
    for name, data in list(files.items()):
        theirs = _read(tree, name)
        if theirs in (None, data) or _digest(theirs) == old.get(name):
            continue
        if name not in old:
            raise Unjudged(f"{os.path.join(tree, name)} is not ours and in the way of the overlay")
        notes.append(f"{name} is taken as edited in {tree}, not from this checkout")
        files[name] = theirs
    for hook in _hooks(files):
        data = files.get(hook.file, _read(tree, hook.file))
        if data is None:
            raise Unjudged(f"{os.path.join(tree, hook.file)} is missing: cannot hook in")
        files[hook.file] = hooked(hook, data)[0]
    return files, notes


def graft(tree, root):
    """Lay the overlay into @tree; a sentence that says what was done."""
    tree = os.path.realpath(tree)
    trees.version_of(tree)
    files, old = overlay(root), manifest(tree)
    record = {"files": {}, "hooks": list(old["hooks"]), "dirs": list(old["dirs"]),
              "links": dict(old["links"])}
    for name, data in files.items():
        _check(tree, name, data, old["files"])
        record["files"][name] = _digest(data)
    gone = _gone(tree, old["files"], files)
    changes = {}
    for hook in _hooks(files):
        data = changes.get(hook.file, _read(tree, hook.file))
        if data is None:
            raise Unjudged(f"{os.path.join(tree, hook.file)} is missing: nothing changed")
        new, inserted = hooked(hook, data)
        if inserted:
            changes[hook.file] = new
            _remember_link(tree, hook.file, data, new, record["links"])
            entry = [hook.file, inserted.decode()]
            record["hooks"] += [entry] if entry not in record["hooks"] else []
    for name in [*files, *changes]:
        _check_inside(tree, name)
    folders = sorted({d for name in files for d in _parents(tree, name)})
    record["dirs"] = sorted(set(record["dirs"]) | set(folders))
    again = bool(old["files"])
    os.makedirs(os.path.join(tree, "mm/tests"), exist_ok=True)
    # While we work both the old and the new digest of a file are ours.
    _write_manifest(tree, {**record, "files": {**old["files"], **record["files"]},
                           "was": old["files"]})
    for name in gone:
        os.unlink(os.path.join(tree, name))
    changed = 0
    for name, data in {**files, **changes}.items():
        os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
        changed += _put(tree, name, data)
    _write_manifest(tree, record)
    if again and not changed and not gone:
        return "already grafted, nothing to do"
    return f"{'updated' if again else 'grafted'}: {len(files)} files, {changed} written"


def _check(tree, name, data, old):
    """Refuse to lay @name over anything that is not as we left it."""
    theirs = _read(tree, name)
    if theirs is None or theirs == data and name in old:
        return
    if name not in old:
        raise Unjudged(f"{os.path.join(tree, name)} is in the way and not ours: nothing changed")
    if _digest(theirs) not in (old[name], manifest(tree).get("was", {}).get(name)):
        raise Unjudged(f"{os.path.join(tree, name)} was edited after the graft: nothing changed")


def _check_inside(tree, name):
    """Refuse to write where a link leads out of the tree: that is somebody else's."""
    folder = os.path.dirname(name)
    while folder:
        if not (os.path.realpath(os.path.join(tree, folder)) + os.sep).startswith(tree + os.sep):
            raise Unjudged(f"{os.path.join(tree, folder)} leads out of the tree: nothing changed")
        folder = os.path.dirname(folder)


def _remember_link(tree, name, data, new, links):
    """Have in @links what @name is a link to, as a file with the content @new takes its place.

    Or, if one has already, that it is still ours, unless somebody has edited it.
    """
    path = os.path.join(tree, name)
    if os.path.islink(path):
        links[name] = [os.readlink(path), _digest(new)]
    elif _digest(data) in links.get(name, [])[1:]:
        links[name] = [*links[name], _digest(new)]


def _gone(tree, old, files):
    """Files that an earlier overlay laid and this one no longer has."""
    gone = [name for name in old if name not in files and _read(tree, name) is not None]
    for name in gone:
        _check(tree, name, None, old)
    return gone


def _parents(tree, name):
    """The directories that must be made for @name."""
    while os.path.dirname(name):
        name = os.path.dirname(name)
        path = os.path.join(tree, name)
        # (A graft that was killed at its first write has left its manifest half there.)
        if not os.path.isdir(path) or not {*os.listdir(path)} - {
                os.path.basename(MANIFEST) + ".mmkunit-tmp"}:
            yield name


def _put(tree, name, data):
    path = os.path.join(tree, name)
    mode = os.stat(path).st_mode & 0o7777 if os.path.exists(path) else 0o644
    return cache.write_if_changed(path, data, mode)


def _put_link(tree, name, text):
    temporary = os.path.join(tree, name) + ".mmkunit-tmp"
    if os.path.lexists(temporary):
        os.unlink(temporary)
    os.symlink(text, temporary)
    os.replace(temporary, os.path.join(tree, name))


def _write_manifest(tree, record):
    text = json.dumps(record, indent=1, sort_keys=True) + "\n"
    cache.write_if_changed(os.path.join(tree, MANIFEST), text.encode())


def ungraft(tree):
    """Take the overlay out of @tree; a sentence that says what was done."""
    tree = os.path.realpath(tree)
    trees.version_of(tree)
    if _read(tree, MANIFEST) is None:
        return "not grafted, nothing to do"
    record = manifest(tree)
    for name in record["files"]:
        if _read(tree, name) is not None:
            _check(tree, name, None, record["files"])
    for name, inserted in record["hooks"]:
        data = _read(tree, name)
        if data is not None and _digest(data) in record["links"].get(name, [])[1:]:
            _put_link(tree, name, record["links"][name][0])
        elif data is not None and inserted.encode() in data:
            _put(tree, name, _without(data, inserted.encode()))
        elif data is not None and inserted.strip().encode() in data:
            raise Unjudged(f"{os.path.join(tree, name)} was edited around our line "
                           f"'{inserted.strip()}': remove it by hand, then ungraft again")
    for name in list(record["files"]) + [f for f, _ in record["hooks"]] + [MANIFEST]:
        for path in (name, name + ".mmkunit-tmp"):
            if path in record["files"] or path.endswith("-tmp"):
                try:
                    os.unlink(os.path.join(tree, path))
                except FileNotFoundError:
                    pass
    os.unlink(os.path.join(tree, MANIFEST))
    for folder in sorted(record["dirs"], reverse=True):
        try:
            os.rmdir(os.path.join(tree, folder))
        except OSError:
            pass                     # somebody else's files are in it
    return f"ungrafted: {len(record['files'])} files removed, {len(record['hooks'])} lines taken out"


def _without(data, inserted):
    """@data less the last @inserted, the place where a hook stands."""
    at = data.rindex(inserted)
    return data[:at] + data[at + len(inserted):]
