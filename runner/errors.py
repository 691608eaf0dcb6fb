# SPDX-License-Identifier: GPL-2.0
"""Exit codes, and the one exception that means exit code 2."""

import difflib

PASSED, FAILED, UNJUDGED = 0, 1, 2


class Unjudged(Exception):
    """No verdict can be given; the text is the one line that says why."""


def unknown(kind, name, known):
    """The Unjudged for a name that is not among @known, with a suggestion."""
    near = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    return Unjudged(f"unknown {kind} '{name}'{hint} (known: {', '.join(known)})")
