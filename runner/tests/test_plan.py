# SPDX-License-Identifier: GPL-2.0
"""Case tables, the plan, and what must run."""

import os
import shutil
import tempfile
import unittest

from runner import expect, fixes, plan
from runner.errors import Unjudged
from runner.tests import toy


class CaseTable(unittest.TestCase):
    def test_every_macro(self):
        text = """
            KUNIT_CASE(a), KUNIT_CASE_SLOW(b),
            KUNIT_CASE_PARAM(c, c_gen_params),
            KUNIT_CASE_PARAM_ATTR(d, d_gen_params, attributes),
            KUNIT_CASE_PARAM_WITH_INIT(e, e_gen_params,
                                       e_init, e_exit),
        """
        self.assertEqual(plan.case_table(text), list("abcde"))

    def test_comments_and_definitions_are_no_entries(self):
        text = ("/* KUNIT_CASE(a), */\n// KUNIT_CASE(b),\n"
                "#define KUNIT_CASE_SLOW(n) \\\n\tKUNIT_CASE(n)\n\tKUNIT_CASE(d),\n")
        self.assertEqual(plan.case_table(text), ["d"])


class Checkout(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="mmkunit-plan-")
        self.addCleanup(shutil.rmtree, self.root)
        toy.lay(self.root, toy.OVERLAY)

    def owed(self, config, more=""):
        toy.lay(self.root, {"plan": f"suite toy mm/tests/toy_kunit.c\n{more}"})
        the_plan = plan.read(self.root)
        return plan.owed(the_plan, the_plan.suites["toy"], self.root, config)

    def test_every_case_must_run(self):
        for more in ("", "needs toy ODD it is even\n"):
            due = self.owed({"CONFIG_TOY_KUNIT_TEST": "y"}, more)
            self.assertEqual((due.cases, due.problem, due.absent),
                             (["first_works", "second_works"], "", ""))

    def test_dropped_suite(self):
        self.assertIn("dropped by Kconfig: CONFIG_TOY_KUNIT_TEST", self.owed({}).problem)

    def test_suite_that_may_be_dropped(self):
        more = "needs toy ODD it is even\nneeds toy MM_KUNIT_BIG it is too small\n"
        for config, words in (({}, "it is even"), ({"CONFIG_ODD": "y"}, "it is too small"),
                              ({"CONFIG_MM_KUNIT_BIG": "y"}, "it is even")):
            due = self.owed(config, more)
            self.assertEqual((due.cases, due.problem, due.absent), ([], "", words))
        due = self.owed({"CONFIG_ODD": "y", "CONFIG_MM_KUNIT_BIG": "y"}, more)
        self.assertIn("dropped by Kconfig", due.problem)
        self.assertEqual(due.absent, "")

    def refused(self, line, because):
        toy.lay(self.root, {"plan": f"suite toy mm/tests/toy_kunit.c\n{line}\n"})
        with self.assertRaisesRegex(Unjudged, f"plan:2: {because}"):
            plan.read(self.root)

    def test_unreadable_line_is_named(self):
        for line in ("suite", "suite toy", "suite toy x.c y.c", "toy x.c", "cannot toy 6.1 no",
                     "needs toy", "needs toy ODD", "cannot toy 6.1/um", "when ODD it is odd"):
            self.refused(line, "cannot read")

    def test_what_does_not_exist_is_refused(self):
        self.refused("cannot tor 6.1/um words", "unknown suite 'tor'; did you mean toy?")
        self.refused("needs tor ODD it is even", "unknown suite 'tor'")
        self.refused("cannot toy 6.11/um words", "unknown tree '6.11'; did you mean 6.1?")
        self.refused("cannot toy 6.1/ux words", "unknown arch 'ux'")

    def lint(self, **files):
        toy.lay(self.root, {name.replace("__", "/").replace("_kunit_", "_kunit."): text
                            for name, text in files.items()})
        return "\n".join(plan.lint(plan.read(self.root), self.root))

    def test_lint_of_a_sound_checkout(self):
        self.assertEqual(self.lint(), "")

    def test_lint_finds_a_case_outside_the_table(self):
        text = toy.SUITE.replace("KUNIT_CASE(first_works),", "")
        self.assertIn("first_works is in 0 case tables", self.lint(mm__tests__toy_kunit_c=text))

    def test_lint_finds_symbols_that_kconfig_lacks(self):
        more = "needs toy MM_KUNIT_ODD it is even\nneeds toy HUGETLB_PAGE of the kernel's own\n"
        self.assertEqual(self.lint(plan=toy.OVERLAY["plan"] + more), "")
        found = self.lint(mm__tests__Kconfig="\n", mm__tests__compat__Kconfig="\n")
        self.assertIn("TOY_KUNIT_TEST is not defined", found)
        self.assertIn("MM_KUNIT_ODD is not defined", found)
        self.assertNotIn("HUGETLB_PAGE", found)

    def test_lint_finds_a_lacking_case_that_no_suite_has(self):
        lacks = 'static const char *const needs_x[] = {\n\t"first_works",\n\t"%s",\n\tNULL\n};\n'
        toy.lay(self.root, {plan.LACKS: lacks % "second_works"})
        self.assertEqual(self.lint(), "")
        toy.lay(self.root, {plan.LACKS: lacks % "gone"})
        self.assertIn("no suite has a case gone", self.lint())

    def test_lint_finds_a_suite_that_nobody_asks_for(self):
        toy.lay(self.root, {".kunitconfig": "CONFIG_KUNIT=y\n"})
        self.assertEqual(self.lint(), "CONFIG_TOY_KUNIT_TEST is asked for in none of .kunitconfig, "
                         "mm/tests/compat/.kunitconfig")
        toy.lay(self.root, {"mm/tests/compat/.kunitconfig": "CONFIG_TOY_KUNIT_TEST=y\n"})
        self.assertEqual(self.lint(), "")

    def test_lint_finds_a_source_that_is_gone(self):
        os.unlink(os.path.join(self.root, "mm/tests/toy_kunit.c"))
        self.assertIn("toy_kunit.c does not exist", self.lint())

    def test_this_checkout(self):
        root = os.path.dirname(toy.RUNNER)
        self.assertEqual(plan.lint(plan.read(root), root), [])
        self.assertEqual(expect.lint(root), [])
        self.assertEqual(fixes.lint(root), [])


if __name__ == "__main__":
    unittest.main()
