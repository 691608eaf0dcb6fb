# SPDX-License-Identifier: GPL-2.0
"""The KTAP reader and the verdict: dialects, noise, and every way to break off."""

import unittest

from runner import ktap, plan, verdict

OLD = """Linux version 5.10.262
TAP version 14
1..1
    # Subtest: toy
    1..3
    ok 1 - first_works
    # second_works: EXPECTATION FAILED at mm/tests/toy_kunit.c:7
    Expected 1 == 2, but
    not ok 2 - second_works
    ok 3 - third_works # SKIP no such thing here
not ok 1 - toy
Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)
"""
NEW = """Linux version 7.3.4
KTAP version 1
1..1
    KTAP version 1
    # Subtest: toy
    # module: toy
    1..3
    ok 1 first_works
        KTAP version 1
        # Subtest: second_works
        ok 1 row one of two
        not ok 2 row two # of two
    # second_works: pass:1 fail:1 skip:0 total:2
    not ok 2 second_works
    # third_works.speed: slow
    ok 3 third_works # SKIP no such thing here
# toy: pass:1 fail:1 skip:1 total:3
not ok 1 toy
reboot: Restarting system
"""
GOOD = """Linux version 6.1.0
KTAP version 1
1..1
    KTAP version 1
    # Subtest: toy
    1..3
    ok 1 first_works
    ok 2 second_works
    ok 3 third_works
ok 1 toy
"""
CASES = ("first_works", "second_works", "third_works")


def statuses(text):
    return [(c.name, c.status) for c in ktap.read(text.splitlines()).suites["toy"].cases]


def judged(text, cases=CASES, timed_out=0, config=None, suites=("toy",), **planned):
    """The Verdict on @text where each of @suites owes @cases."""
    the_plan = plan.Plan(**planned)
    owed = [plan.Owed(plan.Suite(name, "", {}), list(cases)) for name in suites]
    return verdict.judge(verdict.Verdict("toy", "6.1", "um"), ktap.read(text.splitlines()), owed,
                         the_plan, config or {}, timed_out)


class Dialects(unittest.TestCase):
    expected = list(zip(CASES, ("passed", "failed", "skipped")))

    def test_tap_14_of_5_10(self):
        self.assertEqual(statuses(OLD), self.expected)

    def test_ktap_1_with_parameters(self):
        self.assertEqual(statuses(NEW), self.expected)

    def test_skip_reason_is_kept(self):
        for text in (OLD, NEW):
            case = ktap.read(text.splitlines()).suites["toy"].cases[2]
            self.assertEqual(case.reason, "no such thing here")

    def test_timestamps_and_crlf(self):
        text = "".join(f"[    0.{n:06}] {line}\r\n" for n, line in enumerate(NEW.splitlines()))
        self.assertEqual(statuses(text), self.expected)
        text = "".join(f"[    0.{n:06}][    T1] {line}\n" for n, line in enumerate(OLD.splitlines()))
        self.assertEqual(statuses(text), self.expected)

    def test_console_noise_in_between(self):
        noisy = GOOD.replace("    ok 2", "random: crng init done\n1..9\nclocksource: tsc\n    ok 2")
        self.assertTrue(judged(noisy).good())

    def test_result_like_line_before_ktap_is_noise(self):
        self.assertTrue(judged("ok 1 - this is firmware\n" + GOOD).good())

    def test_missing_root_after_the_end_is_no_panic(self):
        console = ktap.read(OLD.splitlines())
        self.assertEqual((console.panic, console.complete()), ("", True))

    def test_failed_row_is_named(self):
        self.assertIn("row failed: row two # of two",
                      ktap.read(NEW.splitlines()).suites["toy"].cases[1].messages)


class KnownFailures(unittest.TestCase):
    known = {("toy", "second_works"): ("ODD", "the toy is known to be odd")}
    skips = [("toy", "third_*", "ODD")]
    odd = {"CONFIG_MM_KUNIT_ODD": "y"}

    def test_known_failure_is_shown_and_does_not_fail(self):
        for text in (OLD, NEW):
            result = judged(text, config=self.odd, known=self.known, skips=self.skips)
            self.assertTrue(result.good())
            self.assertEqual(result.suites[0].skipped["second_works"],
                             "known failure of this tree: the toy is known to be odd")

    def test_the_same_on_another_tree_fails(self):
        result = judged(OLD, config={}, known=self.known)
        self.assertIn("second_works", result.suites[0].failed)

    def test_one_that_passes_is_told(self):
        result = judged(GOOD, config=self.odd, known=self.known, skips=self.skips)
        self.assertIn("known to fail it", result.suites[0].failed["second_works"][0])

    def test_a_splat_is_never_known(self):
        text = OLD.replace("    not ok 2", "WARNING: CPU: 0 PID: 1 at mm/rmap.c:1 x\n    not ok 2")
        result = judged(text, config=self.odd, known=self.known, skips=self.skips)
        self.assertIn("second_works", result.suites[0].failed)


class Verdicts(unittest.TestCase):
    def problems(self, text, **more):
        result = judged(text, **more)
        self.assertFalse(result.good())
        return "\n".join(result.problems + [p for s in result.suites for p in s.problems]
                         + [f"{c}: {l}" for s in result.suites
                            for c, ls in s.failed.items() for l in ls])

    def test_all_passed(self):
        result = judged(GOOD)
        self.assertEqual((result.good(), result.counts()), (True, (3, 0, 0)))

    def test_failure_shows_the_expectation(self):
        self.assertIn("Expected 1 == 2", self.problems(OLD))

    def test_missing_case(self):
        text = GOOD.replace("    ok 3 third_works\n", "").replace("1..3", "1..2")
        self.assertIn("third_works: missing", self.problems(text))

    def test_announced_more_than_came(self):
        text = GOOD.replace("1..3", "1..4")
        self.assertIn("announced 4 cases and told of 3", self.problems(text))

    def test_case_twice(self):
        text = GOOD.replace("ok 3 third_works", "ok 3 second_works")
        self.assertIn("second_works reported more than once", self.problems(text))

    def test_missing_suite(self):
        self.assertIn("the suite did not run", self.problems(GOOD, suites=("toy", "other")))

    def test_no_suite_at_all(self):
        self.assertIn("KUnit ran no suite", self.problems("KTAP version 1\n1..0\n"))

    def test_unexpected_skip(self):
        text = GOOD.replace("third_works", "third_works # SKIP lazy")
        self.assertIn("skipped without being expected to: lazy", self.problems(text))

    def test_expected_skip(self):
        text = GOOD.replace("third_works", "third_works # SKIP lazy")
        skips = [("toy", "third_works", "ODD")]
        result = judged(text, skips=skips, config={"CONFIG_MM_KUNIT_ODD": "y"})
        self.assertEqual((result.good(), result.counts()), (True, (2, 0, 1)))
        self.assertFalse(judged(text, skips=skips).good())

    def test_all_skipped(self):
        text = GOOD
        for name in CASES:
            text = text.replace(name, name + " # SKIP lazy")
        skips = [("toy", "*", "ODD")]
        self.assertIn("every case was skipped",
                      self.problems(text, skips=skips, config={"CONFIG_MM_KUNIT_ODD": "y"}))

    def test_splat_fails_a_case_that_said_ok(self):
        text = GOOD.replace("    ok 2", "------------[ cut here ]------------\n"
                            "WARNING: CPU: 0 PID: 9 at mm/rmap.c:1\nCall Trace:\n    ok 2")
        said = self.problems(text)
        self.assertIn("second_works: kernel splat", said)
        self.assertIn("mm/rmap.c:1", said)

    def test_splat_after_the_last_case(self):
        text = GOOD + "BUG: Bad rss-counter state mm:0 type:MM_ANONPAGES val:1\n"
        self.assertIn("Bad rss-counter", self.problems(text))

    def test_splat_before_the_first_suite_is_a_note(self):
        result = judged("WARNING: CPU: 0 at arch/x86/x.c:1\n" + GOOD)
        self.assertTrue(result.good())
        self.assertIn("arch/x86", result.notes[0])

    def test_suite_exit_that_fails(self):
        text = GOOD.replace("ok 1 toy", "# toy: leaked 3 pages\nnot ok 1 toy")
        self.assertIn("leaked 3 pages", self.problems(text))

    def test_panic_names_the_case(self):
        text = GOOD[:GOOD.index("    ok 2")] + "Kernel panic - not syncing: Fatal exception\n"
        said = self.problems(text)
        self.assertIn("panicked (Kernel panic - not syncing: Fatal exception), in toy.second_works",
                      said)
        self.assertIn("second_works: the kernel did not come back", said)
        self.assertIn("third_works: missing", said)

    def test_hang_names_the_case_and_the_limit(self):
        text = GOOD[:GOOD.index("    ok 3")]
        self.assertIn("hung: no end after 7 s, in toy.third_works", self.problems(text, timed_out=7))

    def test_reboot_names_the_case(self):
        text = GOOD[:GOOD.index("    ok 1 f")] + GOOD
        self.assertIn("rebooted, in toy.first_works", self.problems(text))

    def test_output_that_breaks_off_between_suites(self):
        text = GOOD.replace("1..1\n", "1..2\n")
        self.assertIn("broke off, in other", self.problems(text, suites=("toy", "other")))

    def test_kernel_that_never_got_to_kunit(self):
        self.assertIn("before KUnit began", self.problems("Linux version 6.1\n", timed_out=5))

    def test_empty_console(self):
        self.assertIn("broke off", self.problems(""))


if __name__ == "__main__":
    unittest.main()
