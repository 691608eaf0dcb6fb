# SPDX-License-Identifier: GPL-2.0
"""Exit codes, and what each way to fail says."""

import difflib
import os
import signal
import traceback

PASSED, FAILED, UNJUDGED = 0, 1, 2
UNTESTABLE = 125         # UNJUDGED as git bisect run has it: this commit says nothing


class Unjudged(Exception):
    """No verdict can be given; the text is the one line that says why."""


class Interrupted(KeyboardInterrupt):
    """The signal @number has come."""

    def __init__(self, number=signal.SIGINT):
        super().__init__()
        self.number = signal.Signals(number)


def unknown(kind, name, known):
    """The Unjudged for a name that is not among @known, with a suggestion."""
    near = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    return Unjudged(f"unknown {kind} '{name}'{hint} (known: {', '.join(known)})")


def told(error):
    """(the one line that says what the exception @error is, the exit code that it means)."""
    if isinstance(error, Unjudged):
        return str(error), UNJUDGED
    if isinstance(error, KeyboardInterrupt):
        number = getattr(error, "number", signal.SIGINT)
        return f"interrupted by {number.name}", 128 + number
    if isinstance(error, BrokenPipeError):
        return "the reader of standard output went away", 128 + signal.SIGPIPE
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), UNJUDGED
    if os.environ.get("MMKUNIT_DEBUG"):
        traceback.print_exception(type(error), error, error.__traceback__)
    return (f"internal error: {type(error).__name__}: {error} (MMKUNIT_DEBUG=1 shows where)",
            UNJUDGED)
