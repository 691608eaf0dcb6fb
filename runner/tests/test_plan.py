# SPDX-License-Identifier: GPL-2.0
"""Case tables, the plan, and what is owed."""

import os
import shutil
import tempfile
import unittest

from runner import expect, plan
from runner.errors import Unjudged
from runner.tests import toy


class CaseTable(unittest.TestCase):
    def test_every_macro(self):
        text = """
            KUNIT_CASE(a), KUNIT_CASE_SLOW(b),
            KUNIT_CASE_PARAM(c, c_gen_params),
            MM_KUNIT_CASE_IF(ODD, d),
            MM_KUNIT_CASE_SLOW_IF(EVEN, e),
            MM_KUNIT_CASE_SLOW(f),
        """
        self.assertEqual(plan.case_table(text), [("a", None), ("b", None), ("c", None),
                                                 ("d", "ODD"), ("e", "EVEN"), ("f", None)])

    def test_comments_and_definitions_are_no_entries(self):
        text = ("/* KUNIT_CASE(a), */\n// KUNIT_CASE(b),\n"
                "#define MM_KUNIT_CASE_IF(c, n) \\\n\tKUNIT_CASE(n)\n\tKUNIT_CASE(d),\n")
        self.assertEqual(plan.case_table(text), [("d", None)])


class Checkout(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="mmkunit-plan-")
        self.addCleanup(shutil.rmtree, self.root)
        toy.lay(self.root, toy.OVERLAY)

    def owed(self, config, more=""):
        toy.lay(self.root, {"plan": f"suite toy mm/tests/toy_kunit.c\nwhen ODD odd\n{more}"})
        the_plan = plan.read(self.root)
        return plan.owed(the_plan, the_plan.suites["toy"], self.root, config)

    config = {"CONFIG_TOY_KUNIT_TEST": "y", "CONFIG_MM_KUNIT_ODD": "y"}

    def test_conditions_decide_what_is_owed(self):
        due = self.owed(self.config)
        self.assertEqual((due.cases, due.not_owed), (["first_works", "second_works"], {}))
        due = self.owed({"CONFIG_TOY_KUNIT_TEST": "y"})
        self.assertEqual((due.cases, due.not_owed), (["first_works"], {"ODD": ["second_works"]}))

    def test_dropped_suite(self):
        self.assertIn("dropped by Kconfig: CONFIG_TOY_KUNIT_TEST", self.owed({}).problem)

    def test_suite_that_may_be_dropped(self):
        due = self.owed({}, more="needs toy ODD\n")
        self.assertEqual((due.cases, due.not_owed, due.problem),
                         ([], {"ODD": ["first_works", "second_works"]}, ""))
        due = self.owed({"CONFIG_MM_KUNIT_ODD": "y"}, more="needs toy ODD\n")
        self.assertIn("dropped by Kconfig", due.problem)

    def refused(self, line, because):
        toy.lay(self.root, {"plan": f"suite toy mm/tests/toy_kunit.c\n{line}\n"})
        with self.assertRaisesRegex(Unjudged, f"plan:2: {because}"):
            plan.read(self.root)

    def test_unreadable_line_is_named(self):
        for line in ("suite", "suite toy", "suite toy x.c y.c", "toy x.c", "cannot toy 6.1 no",
                     "needs toy"):
            self.refused(line, "cannot read")

    def test_what_does_not_exist_is_refused(self):
        self.refused("cannot tor 6.1/um words", "unknown suite 'tor'; did you mean toy?")
        self.refused("needs tor ODD", "unknown suite 'tor'")
        self.refused("cannot toy 6.11/um words", "unknown tree '6.11'; did you mean 6.1?")
        self.refused("cannot toy 6.1/ux words", "unknown arch 'ux'")
        self.refused("arch x86-64 ODD", "unknown arch 'x86-64'; did you mean x86_64?")

    def test_conditions_of_an_arch_exist(self):
        self.assertIn("plan: arch um: condition EVEN has no 'when' line", self.lint(
            plan=toy.OVERLAY["plan"] + "arch um EVEN\n"))

    def lint(self, **files):
        toy.lay(self.root, {name.replace("__", "/").replace("_kunit_", "_kunit."): text
                            for name, text in files.items()})
        return "\n".join(plan.lint(plan.read(self.root), self.root))

    def test_lint_of_a_sound_checkout(self):
        self.assertEqual(self.lint(), "")

    def test_lint_finds_a_case_outside_the_table(self):
        text = toy.SUITE.replace("KUNIT_CASE(first_works),", "")
        self.assertIn("first_works is in 0 case tables", self.lint(mm__tests__toy_kunit_c=text))

    def test_lint_finds_a_condition_without_words(self):
        self.assertIn("condition ODD of second_works has no 'when' line",
                      self.lint(plan="suite toy mm/tests/toy_kunit.c\n"))

    def test_lint_finds_symbols_that_kconfig_lacks(self):
        found = self.lint(mm__tests__Kconfig="\n")
        self.assertIn("TOY_KUNIT_TEST is not defined", found)
        self.assertIn("MM_KUNIT_ODD is not defined", found)

    def test_lint_finds_a_source_that_is_gone(self):
        os.unlink(os.path.join(self.root, "mm/tests/toy_kunit.c"))
        self.assertIn("toy_kunit.c does not exist", self.lint())

    def test_this_checkout(self):
        root = os.path.dirname(toy.RUNNER)
        self.assertEqual(plan.lint(plan.read(root), root), [])
        self.assertEqual(expect.lint(root), [])


if __name__ == "__main__":
    unittest.main()
