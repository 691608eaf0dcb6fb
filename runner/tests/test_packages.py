# SPDX-License-Identifier: GPL-2.0
"""Packages: shown before they are installed, or refused, and never half done for a lock."""

import os
import unittest
from unittest import mock

from runner import packages
from runner.errors import Unjudged
from runner.tests import toy


class Packages(toy.Toy):
    """A machine without flex, whose apt-get and sudo write down how they were called."""

    def setUp(self):
        super().setUp()
        self.without("flex")
        for name in ("apt-get", "sudo"):
            self.stub(name, f'echo "{name} $* [$DEBIAN_FRONTEND]" >> {self.path("calls")}')
        self.stub("apt-cache", "echo Package: it")

    def calls(self):
        try:
            with open(self.path("calls"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def test_shown_and_run_with_a_lock_that_is_waited_for(self):
        code, _, err = self.run_tree()
        self.assertEqual(code, 2)
        self.assertTrue(err.startswith("$ apt-get -o DPkg::Lock::Timeout="), err)
        self.assertRegex(self.calls(), r"apt-get -o DPkg::Lock::Timeout=\d+ install -y "
                         r"--no-install-recommends flex \[noninteractive\]\n")

    def test_refused_by_option_and_by_environment(self):
        self.env["MMKUNIT_NO_INSTALL"] = "1"
        for arguments in (("--no-install",), ()):
            err = self.refused("run", "--tree", self.tree, *arguments,
                               because="missing for x86_64: flex; as root: apt-get ")
            self.assertIn("install -y --no-install-recommends flex", err)
            self.env["MMKUNIT_NO_INSTALL"] = "1" if arguments else ""
            self.assertEqual(self.calls(), "")
        del self.env["MMKUNIT_NO_INSTALL"]
        for command in (("check", "--no-install"), ("bench", "--no-install"),
                        ("run", "--no-install", "--tree", self.tree)):
            err = self.mmkunit(*command)[2]
            self.assertIn("missing for", err)
            self.assertEqual(self.calls(), "")
        self.env["MMKUNIT_NO_INSTALL"] = "0"
        self.run_tree()
        self.assertIn("install", self.calls())

    def test_sudo_passes_the_frontend_on(self):
        with mock.patch.dict(os.environ, self.env), mock.patch("os.geteuid", return_value=1000), \
             mock.patch("builtins.print") as shown:
            with self.assertRaisesRegex(Unjudged, "missing for x86_64: flex"):
                packages.ensure("x86_64")
        self.assertRegex(self.calls(), r"sudo -n env DEBIAN_FRONTEND=noninteractive apt-get "
                         r"-o DPkg::Lock::Timeout=\d+ install ")
        self.assertIn("$ sudo -n env DEBIAN_FRONTEND=noninteractive apt-get", str(shown.mock_calls))


if __name__ == "__main__":
    unittest.main()
