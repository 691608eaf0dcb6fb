# SPDX-License-Identifier: GPL-2.0
"""Ports: patches in ports/<tree>/ that give a named tree what it lacks, in its stage alone.

Each begins with the words that say what it does and why.
"""

import glob
import os
import re
import shutil
import tempfile

from runner import process
from runner.errors import Unjudged

FILE = re.compile(r"^\+\+\+ b/(\S+)$", re.M)


def of(root, tree):
    """The ports of the checkout at @root for the Tree, sorted; a tree by path has none."""
    return sorted(glob.glob(os.path.join(root, "ports", tree.name, "*.patch"))) if tree.named else []


def edits(root, tree, arch):
    """({path: content}, notes): what the ports make of the Tree's files, and what to say of it.

    The stage is every arch's, so a port of one arch is applied for all: or each change of arch
    would have the other's objects built again.  It is told on its own arch.
    """
    changed, notes = {}, []
    with tempfile.TemporaryDirectory(prefix="mmkunit-port-") as copy:
        for port in of(root, tree):
            with open(port, encoding="utf-8") as file:
                files = FILE.findall(file.read())
            for name in files:
                target = os.path.join(copy, name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                if name not in changed:
                    shutil.copyfile(os.path.join(tree.path, name), target)
            alone = process.environment(GIT_CEILING_DIRECTORIES=os.path.dirname(copy))
            where = os.path.relpath(port, root)
            if process.output(["git", "apply", port], cwd=copy, env=alone)[0]:
                raise Unjudged(f"{where} does not apply to {tree.version}: adapt it, "
                               "or leave it out with --no-port")
            for name in files:
                with open(os.path.join(copy, name), "rb") as file:
                    changed[name] = file.read()
            if all(name.startswith(f"arch/{arch}/") for name in files):
                notes.append(f"{where} is applied to the stage: {', '.join(files)}")
    return changed, notes
