# SPDX-License-Identifier: GPL-2.0
"""Ports: patches in ports/<tree>/ that give a named tree what it lacks, in its stage alone."""

import glob
import os

from runner import patches
from runner.errors import Unjudged


def of(root, tree):
    """The ports of the checkout at @root for the Tree, sorted; a tree by path has none."""
    return of_name(root, tree.name) if tree.named else []


def of_name(root, name):
    """The same for a named tree, which need not be here."""
    return sorted(glob.glob(os.path.join(glob.escape(root), "ports", name, "*.patch")))


def for_arch(root, name, arch):
    """Those of the ports of the named tree @name that change nothing but the files of @arch."""
    folders = ("arch/um/", "arch/x86/um/") if arch == "um" else (f"arch/{arch}/",)
    return [port for port in of_name(root, name)
            if all(file.startswith(folders) for file in patches.files(patches.read(port)))]


def edits(root, tree, arch):
    """({path: content}, notes): what the ports make of the Tree's files, and what to say of it.

    The stage is every arch's, so a port of one arch is applied for all: or each change of arch
    would have the other's objects built again.  It is told on its own arch.
    """
    changed, failed = patches.apply(of(root, tree), tree.read)
    if failed:
        raise Unjudged(f"{os.path.relpath(failed, root)} does not apply to {tree.version}: "
                       "adapt it, or leave it out with --no-port")
    notes = [f"{os.path.relpath(port, root)} is applied to the stage: "
             + ", ".join(patches.files(patches.read(port)))
             for port in for_arch(root, tree.name, arch)] if tree.named else []
    return changed, notes
