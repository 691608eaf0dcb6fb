# SPDX-License-Identifier: GPL-2.0
"""Trees that move: expectation files, news, newer packages, and what is dropped for them."""

import os
import time
import unittest
from types import SimpleNamespace
from unittest import mock

from runner import check, expect, expected, plan, trees, verdict
from runner.errors import Unjudged
from runner.tests import toy

FAILING = toy.CONSOLE.replace("    ok 2", "    # second_works: EXPECTATION FAILED at x.c:1\n"
                              "    Expected 1 == 2\n    not ok 2").replace("ok 1 toy", "not ok 1 toy")
FILE = "expected/6.1/x86_64"
README = f"# toy\n{expect.BEGIN}{expect.END}the rest\n"
SEEN = "version 6.1.7\npass toy.first_works\npass toy.second_works\n"


class Moving(toy.Named):
    def setUp(self):
        super().setUp()
        toy.lay(self.project, {"README.md": README, FILE: SEEN})

    def read(self, name):
        with open(os.path.join(self.project, name), encoding="utf-8") as file:
            return file.read()

    def run_named(self, *arguments):
        return self.mmkunit("run", "--tree", "6.1", *arguments)

    def expect(self, *arguments):
        return self.mmkunit("expect", "--tree", "6.1", "--arch", "x86_64", *arguments)


class Files(Moving):
    def test_update_writes_every_case_and_the_table(self):
        os.unlink(os.path.join(self.project, FILE))
        code, out, err = self.expect("--update")
        self.assertEqual(code, 0, out + err)
        self.assertEqual(self.read(FILE).splitlines()[1:], SEEN.replace("\npass", "\n\npass", 1)
                         .splitlines())
        self.assertIn("| `6.1` | Debian bookworm | 6.1.7 | 2 pass, 0 skipped | never seen |",
                      self.read("README.md"))
        self.assertTrue(self.read("README.md").endswith("the rest\n"))
        self.assertEqual(self.expect()[0], 0)

    def test_a_failure_must_be_explained(self):
        self.edit("console", FAILING)
        code, out, _ = self.expect("--update")
        self.assertEqual(code, 1)
        self.assertIn("toy.second_works passed, now fails", out)
        self.assertIn("say why toy.second_works fails", out)
        self.assertIn("fail toy.second_works: unexplained: ", self.read(FILE))
        text = self.read(FILE).replace("unexplained: ", "the toy is odd: ")
        toy.lay(self.project, {FILE: text})
        self.assertEqual(self.expect("--update")[0], 0)
        self.assertEqual(self.read(FILE), text)

    def test_without_update_nothing_is_written(self):
        self.edit("console", FAILING)
        code, out, _ = self.expect()
        self.assertEqual(code, 1)
        self.assertIn("toy.second_works passed, now fails", out)
        self.assertEqual((self.read(FILE), self.read("README.md")), (SEEN, README))

    def test_unreadable_files_are_named(self):
        for line, because in (("passed toy.x", "cannot read: passed toy.x"),
                              ("pass toy.first_works", "toy.first_works is there twice")):
            toy.lay(self.project, {FILE: SEEN + line + "\n"})
            with self.assertRaisesRegex(Unjudged, because):
                expected.read(self.project, "6.1/x86_64")
        toy.lay(self.project, {FILE: "pass toy.x\n"})
        with self.assertRaisesRegex(Unjudged, "has no 'version' line"):
            expected.read(self.project, "6.1/x86_64")

    def lint(self, text):
        toy.lay(self.project, {FILE: text})
        return "\n".join(line for line in expect.lint(self.project) if "is missing: run" not in line)

    def test_lint_holds_files_suites_and_readme_together(self):
        expect.write_readme(self.project)
        self.assertEqual(self.lint(SEEN), "")
        self.assertIn("there is no case toy.third_works", self.lint(SEEN + "pass toy.third_works\n"))
        self.assertIn("toy.second_works is missing", self.lint(SEEN.replace(
            "pass toy.second_works\n", "")))
        self.assertIn("say why toy.second_works fails", self.lint(SEEN.replace(
            "pass toy.second_works", "fail toy.second_works: unexplained: x")))
        self.assertIn("README.md: the table of trees is not that", self.lint(SEEN.replace(
            "6.1.7", "6.1.8")))
        self.assertIn("does not know that toy is not there: it is even", self.lint(
            "version 6.1.7\nnone toy: it is even\n"))
        toy.lay(self.project, {"plan": toy.OVERLAY["plan"] + "needs toy ODD it is even\n"})
        self.assertNotIn("toy", self.lint("version 6.1.7\nnone toy: it is even\n").replace(
            "table of trees", ""))
        self.assertIn("does not know that tor is not there", self.lint(SEEN + "none tor: gone\n"))
        toy.lay(self.project, {"expected/6.1/sparc": SEEN})
        self.assertIn("expected/6.1/sparc is no cell", self.lint(SEEN))


class News(Moving):
    """A tree is one point release newer than the one that was seen."""

    def moved(self):
        self.assertEqual(self.run_named()[0], 0)
        self.move("6.1.8", FAILING)

    def test_run_judges_the_tree_and_says_what_changed(self):
        self.moved()
        code, out, err = self.run_named("--refresh")
        self.assertEqual(code, 1, out + err)
        self.assertIn("changed since 6.1.7: toy.second_works passed, now fails", out)
        self.assertNotIn("known of", out)

    def test_a_known_failure_is_red_and_said_to_be_known(self):
        self.edit("console", FAILING)
        toy.lay(self.project, {FILE: SEEN.replace("pass toy.second_works",
                                                  "fail toy.second_works: the toy is odd")})
        code, out, _ = self.run_named()
        self.assertEqual(code, 1)
        self.assertIn("known of 6.1.7: the toy is odd", out)
        self.assertIn("1 passed, 1 failed (1 known)", out)
        self.assertNotIn("differs", out)

    def test_a_suite_that_needs_what_is_not_there(self):
        toy.lay(self.project, {"plan": toy.OVERLAY["plan"] + "needs toy ODD it is even\n"})
        self.edit("dropped", "CONFIG_TOY_KUNIT_TEST=y\n")
        self.edit("console", "KTAP version 1\n1..1\n    # Subtest: other\n    1..1\n    ok 1 a\n"
                  "ok 1 other\n")
        code, out, err = self.run_named()            # on this very version it ran before
        self.assertEqual(code, 1, out + err)
        self.assertIn("FAILED toy: 2 of its cases ran on 6.1.7 itself, now it is not there: it is even",
                      out)
        self.expect("--update")
        self.assertIn("none toy: it is even\n", self.read(FILE))
        self.assertNotIn("toy.first_works", self.read(FILE))
        code, out, err = self.run_named()
        self.assertEqual((code, out.splitlines()[-1]), (0, "1 passed, 0 failed, 0 skipped"), out + err)

    def settled(self, **more):
        """check's count, and what it makes of a Verdict on 6.1.8."""
        count, found = check.Count(), verdict.Verdict("6.1", "6.1.8", "um", **more)
        with mock.patch("builtins.print"):
            return count, count.settle("6.1/um", found)

    def judged(self, seen):
        suite = verdict.Judged("toy", passed=["first_works"], failed={"second_works": ["x"]})
        before = expected.Expected("", seen, {("toy", "first_works"): ("pass", ""),
                                              ("toy", "second_works"): ("pass", "")})
        of = verdict.Verdict("6.1", "6.1.8", "um", suites=[suite])
        return {"suites": [suite], "seen": seen, "differences": expected.compare(before, of)}

    def test_check_takes_a_newer_versions_difference_for_news(self):
        count, counts = self.settled(**self.judged("6.1.7"))
        self.assertEqual(counts, (1, 0, 1))
        self.assertEqual(count.news, ["6.1.8 um (last seen: 6.1.7): toy.second_works passed, "
                                      "now fails"])

    def test_check_takes_the_seen_versions_difference_for_a_failure(self):
        count, counts = self.settled(**self.judged("6.1.8"))
        self.assertEqual((counts, count.news), ((1, 1, 0), []))

    def test_check_of_a_cell_that_nobody_has_seen_fails(self):
        self.assertEqual(self.settled(**{**self.judged(""), "differences": []})[1][1], 1)

    def finished(self, strict):
        def step(_root, count):
            count.step("6.1/um", lambda: count.settle("6.1/um", verdict.Verdict(
                "6.1", "6.1.8", "um", **self.judged("6.1.7"))))

        with mock.patch.object(check, "_with_kernels", step), \
             mock.patch.object(check, "_unittests", lambda root: (1, 0, 0)), \
             mock.patch.object(check.packages, "ensure"), mock.patch.object(check.cache, "lock"), \
             mock.patch("builtins.print") as told:
            code = check.check_command("", SimpleNamespace(quick=False, strict=strict))
        return code, [call.args[0] for call in told.call_args_list]

    def test_exit_codes_of_check(self):
        code, told = self.finished(strict=False)
        self.assertEqual((code, told[-1]), (0, "2 passed, 0 failed, 1 skipped"))
        self.assertIn("6.1.8 um (last seen: 6.1.7): toy.second_works passed, now fails", told)
        code, told = self.finished(strict=True)
        self.assertEqual((code, told[-1]), (1, "2 passed, 1 failed, 0 skipped"))


class Packages(Moving):
    def trees(self):
        return sorted(n for n in os.listdir(self.path("cache/mmkunit/trees")) if n[0] != ".")

    def test_a_newer_package_is_found_once_a_day_and_the_older_one_dropped(self):
        self.assertEqual(self.run_named()[0], 0)
        toy.lay(self.project, {FILE: SEEN.replace("6.1.7", "6.1.8")})
        self.move("6.1.8", toy.CONSOLE)
        self.assertNotIn("index", self.run_named()[1])
        asked = self.path("cache/mmkunit/apt/6.1", trees.ASKED)
        os.utime(asked, (time.time() - trees.ASK_AGAIN - 1,) * 2)
        code, out, err = self.run_named()
        self.assertEqual(code, 0, out + err)
        self.assertIn("unpack 6.1.8", out)
        self.assertRegex(out, r"6\.1-6\.1\.7 is dropped, 6\.1-6\.1\.8 has taken its place: \d+ MiB")
        self.assertEqual(self.trees(), ["6.1-6.1.8"])
        self.assertEqual(os.listdir(self.path("cache/mmkunit/stage")), ["6.1-6.1.8"])
        self.assertEqual(os.listdir(self.path("cache/mmkunit/build")), ["6.1-6.1.8"])

    def test_the_version_that_was_seen_stays(self):
        self.assertEqual(self.run_named()[0], 0)
        self.move("6.1.8", toy.CONSOLE)
        self.assertNotIn("dropped", self.run_named("--refresh")[1])
        self.assertEqual(self.trees(), ["6.1-6.1.7", "6.1-6.1.8"])

    def test_a_mirror_that_does_not_answer(self):
        self.assertEqual(self.run_named()[0], 0)
        self.stub("apt-cache", "exit 100")
        code, out, _ = self.run_named("--refresh")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"note: no package linux-source-6\.1 .*: 6\.1-6\.1\.7 is used")

    def find(self, version):
        with mock.patch.dict(os.environ, self.env), mock.patch("builtins.print"):
            os.makedirs(self.path("cache/mmkunit"), exist_ok=True)
            return trees.find("6.1", version).key

    def test_an_older_version_is_taken_from_the_mirror_or_the_cache(self):
        self.offer("6.1.9-1", "6.1.7-1", "6.1.8-2")
        self.assertEqual(self.find("6.1.7"), "6.1-6.1.7")
        self.stub("apt-cache", "exit 100")
        self.assertEqual(self.find("6.1.7"), "6.1-6.1.7")
        self.offer("6.1.9-1")
        self.assertEqual(self.find("6.1.8"), "6.1-6.1.9")

    def test_one_version_by_its_number(self):
        self.offer("6.1.9-1", "6.1.7-1")
        code, out, err = self.mmkunit("run", "--tree", "6.1.7")
        self.assertEqual(code, 0, out + err)
        self.move("6.1.8", toy.CONSOLE)
        code, out, err = self.mmkunit("run", "--tree", "6.1.8")
        self.assertEqual((code, self.trees()), (0, ["6.1-6.1.7", "6.1-6.1.8"]), out + err)
        code, _, err = self.mmkunit("run", "--tree", "6.1.5")
        self.assertEqual(code, 2)
        self.assertIn("mirror has no Linux 6.1.5, the newest that it has is 6.1.8", err)

    def test_another_revision_of_the_package(self):
        self.assertEqual(self.run_named()[0], 0)
        self.edit("console", FAILING)
        self.offer("6.1.7-2")
        self.assertIn("download linux-source-6.1 6.1.7-2", self.run_named("--refresh")[1])
        self.assertEqual(self.trees(), ["6.1-6.1.7"])
        self.assertNotIn("download", self.run_named("--refresh")[1])

    def test_clean_drops_what_was_not_used(self):
        self.assertEqual(self.run_named()[0], 0)
        code, out, _ = self.mmkunit("clean")
        self.assertEqual((code, out.splitlines()[-1].split()[:3]), (0, ["0", "MiB", "freed"]))
        self.assertEqual(self.trees(), ["6.1-6.1.7"])
        long_ago = time.time() - 15 * 86400
        for folder in ("", "used/"):
            for room in ("trees", "stage", "build"):
                os.utime(self.path(f"cache/mmkunit/{folder}{room}/6.1-6.1.7"), (long_ago,) * 2)
        out = self.mmkunit("clean", "--days", "20")[1]
        self.assertEqual(self.trees(), ["6.1-6.1.7"])
        out = self.mmkunit("clean")[1]
        self.assertIn("trees/6.1-6.1.7: ", out)
        self.assertEqual(self.trees(), [])
        self.assertEqual(self.run_named()[0], 0)
        self.mmkunit("clean", "--all")
        self.assertEqual(self.trees() if os.path.isdir(self.path("cache/mmkunit/trees")) else [], [])


if __name__ == "__main__":
    unittest.main()
