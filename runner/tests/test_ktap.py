# SPDX-License-Identifier: GPL-2.0
"""The KTAP reader and the verdict: dialects, noise, and every way to break off."""

import unittest

from runner import expected, ktap, plan, verdict

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


def judged(text, cases=CASES, timed_out=0, suites=("toy",), seen=None, own=True):
    """The Verdict on @text where each of @suites owes @cases; @seen: what was seen before."""
    owed = [plan.Owed(plan.Suite(name, ""), list(cases)) for name in suites]
    return verdict.judge(verdict.Verdict("toy", "6.1", "um"), ktap.read(text.splitlines()), owed,
                         seen, own, timed_out)


def seen(version="6.1", **cases):
    """The Expected of a cell; keyword: "pass", or a status and words."""
    return expected.Expected("", version, {("toy", case): tuple(what.split(" ", 1)) if " " in what
                                           else (what, "") for case, what in cases.items()})


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

    def skipped(self, *lines):
        """{case: reason} of what is skipped in a suite with these @lines."""
        text = [*GOOD.splitlines()[:6], *lines, "ok 1 toy"]
        return {c.name: c.reason for c in ktap.read(text).suites["toy"].cases
                if c.status == "skipped"}

    def test_skip_of_a_kunit_that_cannot(self):
        self.assertEqual(self.skipped(
            "    # a: SKIP no huge pages: too old", "    ok 1 - a",
            "[    1.234567] # b: SKIP", "noise", "    ok 2 - b",
            "# c: SKIP it is late", "    # c: EXPECTATION FAILED at x.c:1", "    not ok 3 - c",
            "    # d: SKIP not of this case", "    ok 4 - e", "    # f: SKIPPED it", "    ok 5 - f"),
            {"a": "no huge pages: too old", "b": ""})

    def test_case_whose_rows_are_all_skipped(self):
        rows = ["        KTAP version 1", "        # Subtest: a", "        1..2"]
        self.assertEqual(self.skipped(*rows, "        ok 1 one # SKIP no swap",
                                      "        ok 2 two # SKIP no swap", "    ok 1 a # SKIP"),
                         {"a": "no swap"})
        self.assertEqual(self.skipped(*rows, "        ok 1 one # SKIP no swap",
                                      "        ok 2 two", "    ok 1 a", "    ok 2 b # SKIP"),
                         {"b": ""})

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


class SeenBefore(unittest.TestCase):
    """What a cell was last seen to do: OLD and NEW pass, fail and skip."""
    before = {"first_works": "pass", "second_works": "fail the toy is odd",
              "third_works": "skip no such thing here"}

    def texts(self, result):
        return [difference.text() for difference in result.differences]

    def test_the_same_again(self):
        for text in (OLD, NEW):
            result = judged(text, seen=seen(**self.before))
            self.assertEqual((self.texts(result), result.unexpected()), ([], 0))
            self.assertFalse(result.good())          # red is red, known or not
            self.assertEqual(result.suites[0].failed["second_works"][0],
                             "known of 6.1: the toy is odd")

    def test_what_fails_now(self):
        result = judged(OLD, seen=seen("6.0", **{**self.before, "second_works": "pass"}))
        self.assertEqual(self.texts(result), ["toy.second_works passed, now fails"])
        self.assertEqual((result.seen, result.unexpected()), ("6.0", 1))

    def test_what_is_mended(self):
        result = judged(GOOD, seen=seen(**{**self.before, "third_works": "pass"}))
        self.assertEqual(self.texts(result), ["toy.second_works failed, now passes"])
        self.assertTrue(result.good())

    def test_what_does_not_run_any_more(self):
        before = seen(**{**self.before, "third_works": "pass"})
        result = judged(OLD, seen=before)            # on this very version: it vanished
        self.assertEqual(result.suites[0].vanished, {"third_works": [
            "toy.third_works passed, now is skipped: no such thing here (on 6.1 itself)"]})
        self.assertEqual(result.counts(), (1, 2, 0))
        before.version = "6.0"
        result = judged(OLD, seen=before)            # on another one: it is told
        self.assertEqual(result.suites[0].skipped, {"third_works": "no such thing here"})
        self.assertEqual(self.texts(result),
                         ["toy.third_works passed, now is skipped: no such thing here"])

    def test_another_reason(self):
        result = judged(OLD, seen=seen(**{**self.before, "third_works": "skip no time"}))
        self.assertEqual(self.texts(result),
                         ["toy.third_works is skipped for another reason: no such thing here"])

    def test_a_new_case_and_one_that_is_gone(self):
        before = {**self.before, "zeroth_works": "pass"}
        del before["first_works"]
        self.assertEqual(self.texts(judged(OLD, seen=seen(**before))),
                         ["toy.first_works is not in the expectation file, and passes",
                          "toy.zeroth_works passed, now is not there"])

    def test_a_configuration_of_the_users_own(self):
        result = judged(OLD, seen=seen(**{**self.before, "third_works": "pass"}), own=False)
        self.assertEqual((result.differences, result.seen, result.unexpected()), ([], "", 0))


class Said(unittest.TestCase):
    """What KUnit said of a failure, and nothing of what the console said beside."""

    def said(self, *lines, last="    not ok 2 second_works"):
        """The messages of the case that ends behind @lines."""
        text = [*GOOD.splitlines()[:7], *lines, *([last] if last else [])]
        suite = ktap.read(text).suites["toy"]
        return ktap.expectation(suite.cases[1].messages) if last else ktap.complaint(suite.tail)

    failure = ("    # second_works: EXPECTATION FAILED at mm/tests/toy_kunit.c:7",
               "    Expected a == b, but", "        a == 1 (0x1)", "        b == 2 (0x2)")
    stripped = [line[4:] for line in failure]

    def test_console_lines_behind_it(self):
        for noise in ("clocksource: Switched to clocksource tsc", "random: crng init done",
                      "e1000 0000:00:03.0 eth0: link is up"):
            self.assertEqual(self.said(*self.failure, noise), self.stripped)
            self.assertEqual(self.said(*self.failure, noise, last=""), self.stripped)
            self.assertEqual(self.said("foo: failed to look", *self.failure, noise, "more of it"),
                             self.stripped)

    def test_the_cases_own_words_stay(self):
        for words in (["page 3"], ["mm 2 maps 7f00 otherwise: kind 1 not 2"], ["two", "lines"],
                      ["", "after an empty line"]):
            self.assertEqual(self.said(*self.failure, *words, "clocksource: Switched"),
                             self.stripped + [w for w in words if w])

    def stamped(self, stamp, lines):
        return [f"[{stamp:>12}] {line}".rstrip() for line in lines]

    def test_a_record_has_one_time(self):
        own = self.stamped("1.234567", [*self.failure, "", "tsc: is what the case says"])
        other = self.stamped("1.234569", ["Freeing unused kernel memory", "    indented noise"])
        self.assertEqual(self.said(*own, *other), self.stripped + ["tsc: is what the case says"])

    def test_a_clock_of_ticks_proves_nothing(self):
        lines = self.stamped("1.230000", [*self.failure, "page 3", "clocksource: Switched"])
        self.assertEqual(self.said(*lines), self.stripped + ["page 3"])

    def test_several_failures(self):
        self.assertEqual(self.said(*self.failure, "random: done", *self.failure, "tsc: fast"),
                         self.stripped * 2)

    def test_a_failure_behind_a_splat(self):
        console = ktap.read([*GOOD.splitlines()[:7], "WARNING: CPU: 0 PID: 9 at mm/rmap.c:1",
                             "RIP: 0010:x", *self.failure, "    not ok 2 second_works"])
        case = console.suites["toy"].cases[1]
        self.assertEqual((case.splat, ktap.expectation(case.messages)),
                         (["WARNING: CPU: 0 PID: 9 at mm/rmap.c:1", "RIP: 0010:x"], self.stripped))

    def test_a_failure_without_a_word_of_kunit_has_all(self):
        self.assertEqual(self.said("mm: swapping in failed"), ["mm: swapping in failed"])


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

    def test_skip_is_shown_and_does_not_fail(self):
        result = judged(GOOD.replace("third_works", "third_works # SKIP lazy"))
        self.assertEqual((result.good(), result.counts()), (True, (2, 0, 1)))
        self.assertEqual(result.suites[0].skipped, {"third_works": "lazy"})

    def test_all_skipped(self):
        text = GOOD
        for name in CASES:
            text = text.replace(name, name + " # SKIP lazy")
        self.assertIn("every case was skipped", self.problems(text))

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

    def test_hang_in_the_middle_of_a_line(self):
        text = (GOOD[:GOOD.index("    ok 3")] + "    # third_works: EXPECTATION FAILED at toy.c:9\n"
                "    Expected a == b, but\n    not ok 3 third_woqemu-system-s390x: terminating on "
                "signal 15 from pid 7 (python3)\n")
        said = self.problems(text, timed_out=7)
        self.assertIn("third_works: Expected a == b, but", said)
        self.assertNotIn("qemu-system", said)

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
