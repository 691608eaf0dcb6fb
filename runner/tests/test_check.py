# SPDX-License-Identifier: GPL-2.0
"""What `check` makes of its own tests."""

import contextlib
import io
import unittest

from runner import check
from runner.tests import toy


class Modules(toy.Toy):
    def test_counts(self):
        for said, counts in (("Ran 3 tests in 1.2s\n\nOK\n\nexit code 0", (3, 0, 0)),
                             ("Ran 3 tests in 1.2s\n\nOK\n\nexit code 1", (3, 1, 0)),
                             ("Ran 3 tests in 1.2s\n\nOK\n", (1, 1, 0)),
                             ("Ran 0 tests in 0s\n\nOK\n\nexit code 0", (1, 1, 0)),
                             ("Ran 1 test in 1s\n\nOK (skipped=1)\n\nexit code 0", (1, 0, 1)),
                             ("Ran 4 tests in 1s\n\nFAILED (failures=1, errors=2, skipped=1)\n\n"
                              "exit code 1", (4, 3, 1)),
                             ("Traceback (most recent call last):\n\nexit code 1", (1, 1, 0)),
                             ("", (1, 1, 0))):
            self.assertEqual(check._counted(said), counts, said)

    def test_every_module_counts(self):
        body = "import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n        {}\n"
        toy.lay(self.top, {"runner/__init__.py": "", "runner/tests/__init__.py": "",
                           "runner/tests/test_good.py": body.format("pass"),
                           "runner/tests/test_bad.py": body.format("self.fail('no')"),
                           "runner/tests/test_broken.py": "import nothing_of_that_name\n"})
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(check._unittests(self.top), (1, 2, 0))
        self.assertIn("nothing_of_that_name", out.getvalue())


if __name__ == "__main__":
    unittest.main()
