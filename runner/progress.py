# SPDX-License-Identifier: GPL-2.0
"""One line a phase: it moves on a terminal, and is printed at the end anywhere."""

import sys
import threading
import time


still = False            # set where several phases run at once


class Phase:
    """with Phase("build 6.1 um") as phase: ... phase.detail = "812 objects" """

    def __init__(self, name, quiet=False):
        self.name, self.detail, self.quiet = name, "", quiet
        self.seconds = 0.0
        self._stop = threading.Event()
        self._thread = None

    def __enter__(self):
        self._start = time.monotonic()
        if sys.stderr.isatty() and not still:
            self._thread = threading.Thread(target=self._move, daemon=True)
            self._thread.start()
        return self

    def _move(self):
        while not self._stop.wait(0.3):
            elapsed = time.monotonic() - self._start
            text = f"{self.name}: {elapsed:.0f} s  {self.detail}"[:78]
            sys.stderr.write(f"\r{text:<78}")
            sys.stderr.flush()

    def __exit__(self, kind, value, trace):
        self.seconds = time.monotonic() - self._start
        self._stop.set()
        if self._thread:
            self._thread.join()
            sys.stderr.write("\r" + " " * 78 + "\r")
            sys.stderr.flush()
        if kind is None and not self.quiet:
            detail = f", {self.detail}" if self.detail else ""
            print(f"{self.name}: {self.seconds:.1f} s{detail}", flush=True)
        return False
