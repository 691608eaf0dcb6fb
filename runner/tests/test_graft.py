# SPDX-License-Identifier: GPL-2.0
"""Graft and ungraft: byte for byte, or not at all."""

import os
import shutil
import subprocess
import unittest
from unittest import mock

from runner import graft
from runner.errors import Unjudged
from runner.tests import toy


class Graft(toy.Toy):
    def setUp(self):
        super().setUp()
        self.before = toy.checksum(self.tree)

    def graft(self):
        return graft.graft(self.tree, self.project)

    def ungraft(self):
        return graft.ungraft(self.tree)

    def read(self, name):
        with open(os.path.join(self.tree, name), encoding="utf-8") as file:
            return file.read()

    def assert_refused(self, act, pattern):
        """@act raises Unjudged and changes nothing."""
        before = toy.checksum(self.tree)
        with self.assertRaisesRegex(Unjudged, pattern):
            act()
        self.assertEqual(toy.checksum(self.tree), before)

    def test_round_trip(self):
        self.graft()
        self.assertIn("obj-$(CONFIG_KUNIT) += tests/\n", self.read("mm/Makefile"))
        self.assertTrue(self.read("mm/Kconfig").endswith(
            'bool\n\nsource "mm/tests/Kconfig"\n\nendmenu\n'))
        self.assertRegex(self.read("mm/khugepaged.c"), r'^int revalidate;\n\n#ifdef CONFIG_\w+\n'
                         r'#include "tests/compat/khugepaged.h"\n'
                         r'#include "tests/khugepaged_kunit.c"\n#endif\n$')
        self.assertEqual(self.read("mm/tests/toy_kunit.c"), toy.SUITE)
        self.ungraft()
        self.assertEqual(toy.checksum(self.tree), self.before)

    def test_what_belongs_to_the_overlay(self):
        names = {f"{top}mm/tests/{name}" for top in ("", "arch/s390/") for name in (
            "lib/a.c", "lib/Makefile", "lib/Kconfig", "compat/Makefile", "compat/Kconfig",
            "compat/a.h", "compat/.kunitconfig", ".kunitconfig", "huge.kunitconfig", "Kconfig")}
        toy.lay(self.project, dict.fromkeys(names, "\n"))
        toy.lay(self.project, dict.fromkeys(("mm/a.c", "mm/tests/a.o", "arch/s390/mm/tests/b.txt",
                                             "arch/s390/kernel/a.c"), "\n"))
        self.assertEqual(set(graft.overlay(self.project)), names | {
            "mm/tests/toy_kunit.c", "mm/tests/mm_kunit.h", "mm/tests/Makefile"})

    def test_by_command(self):
        self.assertEqual(self.mmkunit("graft", self.tree)[0], 0)
        self.assertEqual(self.mmkunit("ungraft", self.tree)[0], 0)
        self.assertEqual(toy.checksum(self.tree), self.before)

    def test_files_without_a_last_newline(self):
        for name in ("mm/Makefile", "mm/Kconfig", "mm/khugepaged.c"):
            self.edit(name, self.read(name).rstrip("\n"))
        before = toy.checksum(self.tree)
        self.graft()
        self.assertIn("\nobj-$(CONFIG_KUNIT) += tests/\n", self.read("mm/Makefile"))
        self.ungraft()
        self.assertEqual(toy.checksum(self.tree), before)

    def test_foreign_files_and_modes_stay(self):
        self.edit("mm/tests/lazy_mmu_mode_kunit.c", "theirs\n")
        self.edit("mm/Makefile", self.read("mm/Makefile") + "obj-y += tests/lazy_mmu_mode_kunit.o\n")
        os.chmod(os.path.join(self.tree, "mm/Makefile"), 0o600)
        before = toy.checksum(self.tree)
        self.graft()
        self.ungraft()
        self.assertEqual(toy.checksum(self.tree), before)

    def test_second_graft_does_nothing(self):
        self.graft()
        once = toy.checksum(self.tree)
        self.assertIn("already grafted", self.graft())
        self.assertEqual(toy.checksum(self.tree), once)

    def test_second_graft_updates(self):
        self.graft()
        self.edit("mm/tests/toy_kunit.c", "newer\n", self.project)
        os.unlink(os.path.join(self.project, "mm/tests/mm_kunit.h"))
        self.assertIn("updated", self.graft())
        self.assertEqual(self.read("mm/tests/toy_kunit.c"), "newer\n")
        self.assertFalse(os.path.exists(os.path.join(self.tree, "mm/tests/mm_kunit.h")))
        self.ungraft()
        self.assertEqual(toy.checksum(self.tree), self.before)

    def test_ungraft_of_a_tree_that_is_not_grafted(self):
        self.assertIn("nothing to do", self.ungraft())
        self.assertEqual(toy.checksum(self.tree), self.before)

    def test_foreign_kconfig_in_the_way(self):
        self.edit("mm/tests/Kconfig", "config THEIRS\n")
        self.assert_refused(self.graft, "mm/tests/Kconfig is in the way")
        self.refused("graft", self.tree, because="mm/tests/Kconfig is in the way")
        self.refused("run", "--tree", self.tree, because="mm/tests/Kconfig is not ours")

    def test_missing_anchor(self):
        self.edit("mm/Kconfig", "config MMU\n")
        self.assert_refused(self.graft, "no 'endmenu' line")

    def test_no_kernel_tree(self):
        self.refused("graft", self.path("bin"), because="is no kernel tree")
        self.refused("ungraft", self.path("nowhere"), because="no such kernel tree")

    def test_users_edits_are_not_lost(self):
        self.graft()
        self.edit("mm/tests/toy_kunit.c", "the user's own work\n")
        self.assert_refused(self.ungraft, "toy_kunit.c was edited after the graft")
        self.edit("mm/tests/mm_kunit.h", "newer\n", self.project)
        self.assert_refused(self.graft, "toy_kunit.c was edited after the graft")

    def test_edits_beside_our_lines_stay(self):
        self.graft()
        self.edit("mm/Makefile", "# above\n" + self.read("mm/Makefile") + "# below\n")
        self.ungraft()
        self.assertEqual(self.read("mm/Makefile"), "# above\nobj-y := hugetlb.o\n# below\n")

    def test_killed_half_way_is_finished_by_the_next(self):
        """Stop after every single write of a graft, then of an ungraft; mend both ways."""
        real, steps = graft.cache.write_if_changed, 0
        for stop in range(1, 12):
            left = stop

            def write(*arguments):
                nonlocal left, steps
                left, steps = left - 1, max(steps, stop - left + 1)
                if left < 0:
                    raise KeyboardInterrupt
                return real(*arguments)

            with mock.patch.object(graft.cache, "write_if_changed", write):
                try:
                    self.graft()
                except KeyboardInterrupt:
                    pass
            if stop % 2:
                self.graft()
            self.ungraft()
            self.assertEqual(toy.checksum(self.tree), self.before, f"stopped after {stop} writes")
        self.assertGreater(steps, 8)

    def test_killed_ungraft_is_finished_by_the_next(self):
        real = os.unlink
        for stop in range(8):
            self.graft()
            left = stop

            def unlink(path):
                nonlocal left
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
                real(path)

            with mock.patch.object(graft.os, "unlink", unlink):
                try:
                    self.ungraft()
                except KeyboardInterrupt:
                    pass
            self.ungraft()
            self.assertEqual(toy.checksum(self.tree), self.before, f"stopped after {stop} unlinks")

    def test_s390_hooks_follow_the_overlay(self):
        toy.lay(self.tree, {"arch/s390/Kconfig": "menu\nendmenu\n", "arch/s390/mm/Makefile": "\n"})
        before = toy.checksum(self.tree)
        self.edit("arch/s390/mm/tests/Kconfig", "config X\n", self.project)
        self.edit("arch/s390/mm/tests/notes.pyc", "no part of it\n", self.project)
        self.graft()
        self.assertEqual(self.read("arch/s390/Kconfig"),
                         'menu\nsource "arch/s390/mm/tests/Kconfig"\n\nendmenu\n')
        self.assertFalse(os.path.exists(os.path.join(self.tree, "arch/s390/mm/tests/notes.pyc")))
        self.ungraft()
        self.assertEqual(toy.checksum(self.tree), before)


class Links(toy.Toy):
    """A tree made by cp -as: every file is a symbolic link into another tree."""

    def setUp(self):
        super().setUp()
        self.other, self.tree = self.tree, self.path("links")
        subprocess.run(["cp", "-as", self.other, self.tree], check=True)
        self.before = toy.checksum(self.tree), toy.checksum(self.other)

    def graft(self):
        return graft.graft(self.tree, self.project)

    def assert_as_before(self, words=""):
        self.assertEqual((toy.checksum(self.tree), toy.checksum(self.other)), self.before, words)

    def read(self, name):
        with open(os.path.join(self.tree, name), encoding="utf-8") as file:
            return file.read()

    def test_links_come_back(self):
        self.graft()
        self.assertIn("+= tests/", self.read("mm/Makefile"))
        self.assertEqual(toy.checksum(self.other), self.before[1])
        self.assertIn("already grafted", self.graft())
        graft.ungraft(self.tree)
        self.assert_as_before()

    def test_relative_links_come_back(self):
        for name in ("mm/Makefile", "mm/Kconfig"):
            path = os.path.join(self.tree, name)
            os.unlink(path)
            os.symlink(os.path.join("../../tree", name), path)
        self.before = toy.checksum(self.tree), self.before[1]
        self.graft()
        graft.ungraft(self.tree)
        self.assert_as_before()

    def test_an_edit_beside_the_hook_is_not_lost(self):
        self.graft()
        toy.lay(self.tree, {"mm/Makefile": self.read("mm/Makefile").replace("hugetlb.o", "mine.o")})
        graft.ungraft(self.tree)
        self.assertEqual(self.read("mm/Makefile"), "obj-y := mine.o\n")
        self.assertFalse(os.path.islink(os.path.join(self.tree, "mm/Makefile")))
        self.assertTrue(os.path.islink(os.path.join(self.tree, "mm/Kconfig")))

    def test_the_other_tree_moves_on(self):
        self.graft()
        toy.lay(self.other, {"mm/Makefile": "obj-y := newer.o\n"})
        graft.ungraft(self.tree)
        self.assertTrue(os.path.islink(os.path.join(self.tree, "mm/Makefile")))
        self.assertEqual(self.read("mm/Makefile"), "obj-y := newer.o\n")

    def test_killed_at_any_write(self):
        real = os.replace
        for act in (self.graft, lambda: graft.ungraft(self.tree)):
            for stop in range(12):
                if act != self.graft:        # pylint: disable=comparison-with-callable
                    self.graft()
                left = stop

                def replace(old, new):
                    nonlocal left
                    left -= 1
                    if left < 0:
                        raise KeyboardInterrupt
                    real(old, new)
                with mock.patch("os.replace", replace):
                    try:
                        act()
                    except KeyboardInterrupt:
                        pass
                if not os.path.exists(os.path.join(self.tree, graft.MANIFEST)):
                    self.graft()     # stopped before a word was written
                graft.ungraft(self.tree)
                self.assert_as_before(f"stopped after {stop} writes")

    def test_directory_that_leads_out_of_the_tree(self):
        shutil.rmtree(os.path.join(self.tree, "mm"))
        os.symlink(os.path.join(self.other, "mm"), os.path.join(self.tree, "mm"))
        before = toy.checksum(self.other)
        with self.assertRaisesRegex(Unjudged, "leads out of the tree: nothing changed"):
            self.graft()
        self.assertEqual(toy.checksum(self.other), before)


if __name__ == "__main__":
    unittest.main()
