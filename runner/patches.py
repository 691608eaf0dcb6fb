# SPDX-License-Identifier: GPL-2.0
"""Patches, applied to copies: words that say what one does and why, then a unified diff."""

import os
import re
import tempfile

from runner import process

FILE = re.compile(r"^\+\+\+ b/(\S+)$", re.M)


def files(text):
    """The files that the patch @text changes, in its order."""
    return FILE.findall(text)


def read(path):
    """The text of the file @path; what is not UTF-8 in it survives being written again."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def apply(paths, original):
    """({path in the tree: content}, the first patch of @paths that does not apply or None).

    @original(name) gives the content that a file has before the first patch; git apply wants
    every line of the context to be there.
    """
    changed = {}
    with tempfile.TemporaryDirectory(prefix="mmkunit-patch-") as copy:
        alone = process.environment(GIT_CEILING_DIRECTORIES=os.path.dirname(copy))
        for patch in paths:
            names = files(read(patch))
            for name in names:
                target = os.path.join(copy, name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                if name not in changed:
                    try:
                        data = original(name)
                    except FileNotFoundError:
                        return changed, patch
                    with open(target, "wb") as file:
                        file.write(data)
            if process.output(["git", "apply", os.path.abspath(patch)], cwd=copy, env=alone)[0]:
                return changed, patch
            for name in names:
                with open(os.path.join(copy, name), "rb") as file:
                    changed[name] = file.read()
    return changed, None
