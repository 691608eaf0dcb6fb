# SPDX-License-Identifier: GPL-2.0
"""The sweep: what KUnit is made to ask, who fails when, and what the others must be."""

import unittest

from runner import sweep
from runner.errors import Unjudged

SIX = """#include <linux/kconfig.h>

struct kunit;

#define KUNIT_UNARY_ASSERTION(test, x) do {
\tif (likely(!!(condition) == !!expected_true))\t\t\\
\t\tbreak;
#define KUNIT_PTR_NOT_ERR_OR_NULL_MSG_ASSERTION(test, ptr) do {
\tif (!IS_ERR_OR_NULL(__ptr))\t\t\\
\t\tbreak;
"""
FIVE = """#include <linux/kernel.h>

struct kunit;

\tkunit_do_assertion(test,\t\t\\
\t\t\t   &__assertion.assert,\t\\
\t\t\t   pass,\t\t\\
"""
SUITE = """static struct kunit_suite toy_suite = {
\t.name = "toy",
\t.init = toy_init,
\t.exit = mm_kunit_exit,
\t.test_cases = toy_cases,
};
"""
BASE = {("toy", "a"): "passed", ("toy", "b"): "passed", ("toy", "c"): "skipped"}


def console(*results, end="ok 1 toy"):
    """Lines of a boot whose cases ended so."""
    lines = ["KTAP version 1", "1..1", "    KTAP version 1", "    # Subtest: toy",
             f"    1..{sum(1 for r in results if 'ok' in r)}"]
    return lines + list(results) + [end]


class Sweep(unittest.TestCase):
    def test_every_check_asks(self):
        text = sweep.ask_at_every_check(SIX)
        self.assertIn("if (mm_kunit_sweep_passes(test, __FILE__) && likely(!!(condition)", text)
        self.assertIn("if (mm_kunit_sweep_passes(test, __FILE__) && !IS_ERR_OR_NULL(__ptr))", text)
        self.assertIn("mm_kunit_sweep_passes(test, __FILE__) && (pass),", sweep.ask_at_every_check(FIVE))
        for dialect in (SIX, FIVE):
            text = sweep.ask_at_every_check(dialect)
            self.assertLess(text.index("bool mm_kunit_sweep_passes"), text.index("sweep_passes(test, __FILE__)"))
        with self.assertRaisesRegex(Unjudged, "no check of a known form"):
            sweep.ask_at_every_check("struct kunit;\n")

    def test_a_suite_tells_of_its_cases(self):
        text = sweep.tell_of_cases("/* head */\n" + SUITE, "toy")
        self.assertIn("\t.init = sweep_init,\n\t.exit = sweep_exit,\n", text)
        self.assertIn("int ret = toy_init(test);", text)
        self.assertIn("\tmm_kunit_sweep_end(test);\n\tmm_kunit_exit(test);\n", text)
        with self.assertRaisesRegex(Unjudged, "toy: no suite"):
            sweep.tell_of_cases(SUITE.replace("\t.exit = mm_kunit_exit,\n", ""), "toy")

    def test_turns_leave_nobody_out(self):
        checks = {("toy", "a"): 4, ("toy", "b"): 2, ("toy", "c"): 3, ("toy", "d"): 0,
                  ("toy", "e"): 9}
        checks[("toy", "f")] = 2
        base = dict.fromkeys(checks, "passed") | {("toy", "e"): "failed", ("toy", "f"): "skipped"}
        fails = [turn for _, turn in sweep.turns(checks, base)]
        a, b, c = (("toy", name) for name in "abc")
        self.assertEqual(fails, [{a: (1, False), c: (1, False)}, {b: (1, False)},
                                 {a: (4, False), c: (3, False)}, {b: (2, False)},
                                 {a: (2, True), c: (2, True)}, {b: (1, True)}])
        self.assertIn('{ "toy", "a", 4, false },', sweep.table(fails[2]))
        self.assertIn('{ "toy", "a", 2, true },', sweep.table(fails[4]))

    def test_counts(self):
        self.assertEqual(sweep.counts(["[ 1.0] mm_kunit_sweep toy.a 7 checks", "noise"]),
                         {("toy", "a"): 7})
        rows = [f"mm_kunit_sweep toy.a {n} checks" for n in (3, 7, 0)]
        self.assertEqual(sweep.counts(rows), {("toy", "a"): 7})

    def test_a_forced_failure_is_seen_and_the_others_are_green(self):
        found = sweep.hold(console("mm_kunit_sweep toy.a fails at 1", "    not ok 1 a", "    ok 2 b",
                                   "    ok 3 c # SKIP no", end="not ok 1 toy"),
                           {("toy", "a"): (1, False)}, BASE, {"toy"})
        self.assertEqual((found.seen, found.green, found.wrong), ({("toy", "a")}, 1, []))

    def test_what_is_wrong(self):
        for lines, says in (
                (["    not ok 1 a", "    ok 2 b", "    ok 3 c # SKIP no"], "never came to check 1"),
                (["mm_kunit_sweep toy.a fails at 1", "    ok 1 a", "    ok 2 b",
                  "    ok 3 c # SKIP no"], "toy.a was to fail and is: passed"),
                (["mm_kunit_sweep toy.a fails at 1", "    not ok 1 a", "    not ok 2 b",
                  "    ok 3 c # SKIP no"], "toy.b was passed and is now: failed"),
                (["mm_kunit_sweep toy.a fails at 1", "BUG: KASAN: use-after-free in x",
                  "    not ok 1 a", "    ok 2 b", "    ok 3 c # SKIP no"],
                 "toy.a was to fail and is: splat")):
            found = sweep.hold(console(*lines, end="not ok 1 toy"), {("toy", "a"): (1, False)}, BASE, {"toy"})
            self.assertEqual([says in sentence for sentence in found.wrong], [True], found.wrong)

    def test_a_kernel_that_does_not_end(self):
        lines = console("mm_kunit_sweep toy.a fails at 1", "    not ok 1 a",
                        end="Kernel panic - not syncing: oh")
        found = sweep.hold(lines, {("toy", "a"): (1, False)}, BASE, {"toy"})
        self.assertIn("toy.b was passed and is now: unheard", found.wrong)
        self.assertIn("Kernel panic", found.wrong[-1])

    def test_a_boot_that_breaks_by_itself_tells_nothing(self):
        said = []
        base = sweep.unforced(console("    ok 1 a", "    not ok 2 b", end="not ok 1 toy"), {"toy"},
                              said.append)
        self.assertEqual(base, {("toy", "a"): "passed", ("toy", "b"): "failed"})
        self.assertEqual(said, ["toy.b fails by itself, without a splat"])
        for lines in (console("    ok 1 a", end="Kernel panic - not syncing: oh"),
                      console("BUG: sleeping", "    ok 1 a")):
            with self.assertRaisesRegex(Unjudged, "even if nobody fails"):
                sweep.unforced(lines, {"toy"}, said.append)


if __name__ == "__main__":
    unittest.main()
