# SPDX-License-Identifier: GPL-2.0
"""Coverage: what the console tells, how counts add up, and whose reason is whose."""

import json
import os
import re
import tempfile
import unittest

from runner import cover, plan
from runner.errors import Unjudged
from runner.tests import toy

ROOT = os.path.dirname(toy.RUNNER)


class Cover(unittest.TestCase):
    def test_counters_come_whole(self):
        lines = ["[ 1.0] mm_kunit_gcov file /nowhere/x.gcda", "mm_kunit_gcov 0102", "noise",
                 "mm_kunit_gcov bytes 3"]
        with self.assertRaisesRegex(Unjudged, "came 2 of 3 bytes long"):
            cover.take_counters(lines, "/nowhere")
        with self.assertRaisesRegex(Unjudged, "told no counters"):
            cover.take_counters(["noise"], "/nowhere")
        with self.assertRaisesRegex(Unjudged, "counters of /nowhere/x.gcda are garbled"):
            cover.take_counters(lines[:1] + ["mm_kunit_gcov 01zz"], "/nowhere")

    def test_counters_go_below_the_build_directory_alone(self):
        with tempfile.TemporaryDirectory(prefix="mmkunit-cover-") as top:
            build, tree = os.path.join(top, "build"), os.path.join(top, "tree")
            os.makedirs(os.path.join(build, "mm"))
            os.makedirs(tree)
            os.symlink(tree, os.path.join(build, "source"))
            os.symlink(os.path.join(tree, "a.gcda"), os.path.join(build, "mm/link.gcda"))
            for name in ("../tree/x.gcda", "source/x.gcda", "mm/link.gcda", "mm/x.o",
                         os.path.join(tree, "x.gcda"), "/x.gcda"):
                path = os.path.join(build, name)
                with self.assertRaisesRegex(Unjudged, "is no place for counters"):
                    cover.take_counters([f"mm_kunit_gcov file {path}", "mm_kunit_gcov 0102",
                                         "mm_kunit_gcov bytes 2"], build)
            self.assertEqual(os.listdir(tree), [])
            good = os.path.join(build, "mm/x.gcda")
            self.assertEqual(cover.take_counters([f"mm_kunit_gcov file {good}",
                                                  "mm_kunit_gcov 0102", "mm_kunit_gcov bytes 2"],
                                                 build), [good])

    def test_lines_of_inline_copies_add_up(self):
        function = cover.Function("s", "f.h", "f", [(1, 9)])
        for count, taken in ((2, [2, 0]), (1, [0, 1]), (5, [])):
            cover._add(function, 3, {"count": count, "branches": [
                {"count": n, "throw": False} for n in taken]})
        cover._add(function, 4, {"count": 0, "branches": []})
        self.assertEqual((function.lines, function.branches[3]), ({3: 8, 4: 0}, [2, 1]))
        self.assertEqual(function.missed(), {4: "never runs"})

    def test_reasons_by_line_and_by_stretch(self):
        source = ["f()", "{", "if (a)", "b;", "return;", "c;", "}"]
        function = cover.Function("s", "f.c", "f", [(1, 7)])
        why = [("f", re.compile("^if"), re.compile("return"), "never a"),
               ("g", re.compile("c;"), None, "not this function")]
        self.assertEqual([cover.why_not(why, function, source, n) for n in (3, 4, 5, 6)],
                         ["never a"] * 3 + [""])

    def test_what_makes_a_file_count(self):
        self.assertEqual(cover.counted("mm/rmap.c"), ("mm/Makefile", "GCOV_PROFILE_rmap.o := y\n"))
        self.assertEqual(cover.counted("mm/tests/compat/a_kunit.c"), (
            "mm/tests/Makefile",
            "GCOV_PROFILE_a_kunit.o := y\nGCOV_PROFILE_compat/a_kunit.o := y\n"))

    def test_this_checkout(self):
        self.assertTrue(cover.reasons(ROOT))
        suites = plan.read(ROOT).suites
        self.assertEqual({f.suite for f in cover.under_test(ROOT)} - set(suites), set())


class Command(toy.Toy):
    def test_json_is_written_for_every_ending(self):
        toy.lay(self.project, {"museum/covered": "toy mm/hugetlb.c huge\n"})
        toy.lay(self.top, {"c.json": "from an older run"})
        self.refused("cover", "--tree", self.tree, "--json", self.path("c.json"),
                     because="kernel/gcov/gcov.h")
        with open(self.path("c.json"), encoding="utf-8") as file:
            self.assertIn("kernel/gcov/gcov.h", json.load(file)[0]["why"])


if __name__ == "__main__":
    unittest.main()
