# SPDX-License-Identifier: GPL-2.0
"""The museum on the toy tree: every verdict on a mutant, bad input, and going on."""

import difflib
import json
import os
import signal
import time
import unittest
import xml.etree.ElementTree as ElementTree
from unittest import mock

from runner import cli, journal, museum, mutate, picture, plan, verdict
from runner.tests import toy

ROOT = os.path.dirname(toy.RUNNER)
RED = toy.CONSOLE.replace("    ok 1 first_works\n",
                          "    # first_works: EXPECTATION FAILED at mm/tests/toy_kunit.c:1\n"
                          "    Expected one == two, but\n    not ok 1 first_works\n")
CRASH = toy.CONSOLE.split("    ok 1 first")[0] + "Kernel panic - not syncing: dead\n"


def change(console):
    """A patch of what the toy prints."""
    return "".join(difflib.unified_diff(toy.CONSOLE.splitlines(True), console.splitlines(True),
                                        "a/console", "b/console"))


def patch(diff, tags="Red: first_works\n"):
    return f"The first does not work.\n\nLike: a broken toy\n{tags}\n{diff}"


C_FILE = "--- a/mm/hugetlb.c\n+++ b/mm/hugetlb.c\n@@ -1 +1 @@\n-int huge;\n+{}\n"


class Verdicts(toy.Toy):
    """One mutant each, on a tree by path."""

    def run_mutant(self, text, *arguments):
        toy.lay(self.project, {"museum/6.1/toy-it.patch": text})
        return self.mmkunit("mutate", "--tree", self.tree, *arguments,
                            os.path.join(self.project, "museum/6.1/toy-it.patch"))

    def test_killed_and_the_tree_untouched(self):
        before = toy.checksum(self.tree)
        code, out, err = self.run_mutant(patch(change(RED)))
        self.assertEqual((code, err), (0, ""), out)
        self.assertRegex(out, r"killed +6\.1/toy-it \(x86_64\): first_works: Expected one == two")
        self.assertIn("1 mutants: 1 killed by a case, 0 by a crash, 0 survived", out)
        self.assertEqual(toy.checksum(self.tree), before)
        code, out, _ = self.run_tree()
        self.assertEqual((code, out.splitlines()[-1]), (0, "2 passed, 0 failed, 0 skipped"))

    def test_survivor(self):
        code, out, _ = self.run_mutant(patch(C_FILE.format("int other;")))
        self.assertEqual(code, 1)
        self.assertRegex(out, r"SURVIVED +6\.1/toy-it \(x86_64\): not red: first_works \(")

    def test_red_elsewhere_is_not_killed(self):
        code, out, _ = self.run_mutant(patch(change(RED), "Red: second_works\n"))
        self.assertEqual(code, 1)
        self.assertIn("not red: second_works; red instead: first_works", out)

    def test_crash_is_no_word_of_a_case(self):
        code, out, _ = self.run_mutant(patch(change(CRASH)))
        self.assertEqual(code, 1)
        self.assertRegex(out, "SURVIVED .*the kernel panicked .*the patch names no crash")

    def test_named_crash(self):
        code, out, _ = self.run_mutant(patch(change(CRASH), "Crash: first_works\n"))
        self.assertEqual(code, 0, out)
        self.assertRegex(out, r"crashed +6\.1/toy-it")

    def test_stale(self):
        code, out, _ = self.run_mutant(patch(C_FILE.format("int b;").replace("huge", "gone")))
        self.assertEqual(code, 1)
        self.assertRegex(out, r"STALE +6\.1/toy-it .*does not apply to 6\.1\.7")

    def test_build_error(self):
        code, out, _ = self.run_mutant(patch(C_FILE.format("BROKEN")))
        self.assertEqual(code, 1)
        self.assertRegex(out, r"BUILD ERROR 6\.1/toy-it .*failed in the tree's own files")

    def test_equivalent_is_counted_apart(self):
        text = patch(C_FILE.format("int other;"), "")
        toy.lay(self.project, {"museum/equivalent": "6.1/toy-it nobody can see it\n"})
        code, out, _ = self.run_mutant(text)
        self.assertEqual(code, 0, out)
        self.assertRegex(out, r"equivalent +6\.1/toy-it \(x86_64\): nobody can see it")
        toy.lay(self.project, {"museum/6.1/toy-it.patch": patch(change(RED), "")})
        self.assertIn("is no equivalent; red instead: first_works", self.run_mutant(
            patch(change(RED), ""))[1])

    def test_unbroken_tree_must_get_through(self):
        self.edit("console", toy.CONSOLE.replace("1..2", "1..3"))
        code, _, err = self.run_mutant(patch(C_FILE.format("int other;")))
        self.assertEqual(code, 2)
        self.assertIn("the unbroken 6.1.7 does not do on x86_64 what it should", err)

    def test_case_that_is_red_anyhow_proves_nothing(self):
        red = toy.CONSOLE.replace("ok 1 first", "not ok 1 first")
        self.edit("console", red)
        code, out, _ = self.run_mutant(patch(C_FILE.format("int other;")))
        self.assertEqual(code, 1)
        self.assertIn("red without it: first_works", out)

    def test_json_and_svg(self):
        json_file, svg = self.path("m.json"), self.path("m.svg")
        self.run_mutant(patch(change(RED)), "--json", json_file, "--svg", svg)
        with open(json_file, encoding="utf-8") as file:
            result, = json.load(file)
        self.assertEqual((result["verdict"], list(result["red"])), ("killed", ["first_works"]))
        text = ElementTree.tostring(ElementTree.parse(svg).getroot(), encoding="unicode")
        self.assertIn("toy: 2 cases, 1 mutants, 1 cases that saw nothing", text)

    def test_reports_are_written_for_every_ending(self):
        json_file, svg = self.path("m.json"), self.path("m.svg")
        toy.lay(self.top, {json_file: "from an older run"})
        self.edit("console", toy.CONSOLE.replace("1..2", "1..3"))
        code, _, err = self.run_mutant(patch(change(RED)), "--json", json_file, "--svg", svg)
        self.assertEqual(code, 2, err)
        with open(json_file, encoding="utf-8") as file:
            self.assertIn("does not do on x86_64 what it should", json.load(file)[-1]["why"])
        ElementTree.parse(svg)

    def test_a_survivor_counts_if_another_group_cannot_be_judged(self):
        toy.lay(self.project, {"museum/6.1/toy-b.patch": patch(
            C_FILE.format("int other;"), "Arch: arm64\nRed: first_works\n")})
        for name in ("aarch64-linux-gnu-gcc", "qemu-system-aarch64"):
            self.stub(name, "exit 0")
        for other in ("a", "c"):             # before it, and behind it
            toy.lay(self.project, {f"museum/6.1/toy-{other}.patch": patch(C_FILE.format("int b;"))})
            code, out, err = self.mmkunit("mutate", "--tree", self.tree, *(
                self.path(f"project/museum/6.1/toy-{x}.patch") for x in sorted((other, "b"))))
            self.assertEqual(code, 1, out + err)
            self.assertIn("cannot boot arm64", err)


class GoingOn(toy.Toy):
    def test_interrupted_run_goes_on(self):
        names = [self.path(f"project/museum/6.1/toy-{i}.patch") for i in range(3)]
        for i, name in enumerate(names):
            toy.lay(self.project, {name: patch(change(RED)).replace("two", str(i))})
        self.run_tree()
        self.edit("sleep", "0.4\n")
        child = self.start("mutate", "--tree", self.tree, *names)
        for line in child.stdout:
            if line.startswith("killed"):
                break
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(30), 130)
        child.stdout.close()
        child.stderr.close()
        self.edit("sleep", "0\n")
        start = time.monotonic()
        code, out, err = self.mmkunit("mutate", "--tree", self.tree, *names)
        self.assertEqual(code, 0, out + err)
        self.assertIn("3 mutants: 3 killed", out)
        self.assertRegex(out.splitlines()[0], "^killed .*toy-0")     # before anything is built
        self.assertLess(time.monotonic() - start, 30)
        out = self.mmkunit("mutate", "--tree", self.tree, names[0])[1]
        self.assertRegex(out.splitlines()[0], "^build")              # complete, so anew


    def test_a_torn_line_loses_itself_alone(self):
        with mock.patch.dict(os.environ, self.env):
            self.run_tree()
            options = cli.kunit_options([])
            kept = journal.Journal(self.project, options)
            result = journal.Result("6.1/toy-a", "toy", "x86_64", journal.KILLED)
            kept.add("one", result)
            kept.add("torn", result)
            with open(kept.path, "r+", encoding="utf-8") as file:
                file.truncate(os.path.getsize(kept.path) - 20)
            kept = journal.Journal(self.project, options)
            self.assertEqual(list(kept.known), ["one"])
            kept.add("two", result)
            with open(kept.path, "ab") as file:
                file.write(b'\n["bad", {"no": "field"}]\n\xff\xfe\n')
            kept.add("three", result)
            self.assertEqual(list(journal.Journal(self.project, options).known),
                             ["one", "two", "three"])

    def test_patch_that_is_not_utf_8(self):
        name = self.path("project/museum/6.1/toy-it.patch")
        os.makedirs(os.path.dirname(name))
        with open(name, "wb") as file:
            file.write(b"Caf\xe9.\n" + patch(change(RED)).encode())
        for arguments in ((), ("--json", self.path("m.json"), "--svg", self.path("m.svg"))):
            code, out, err = self.mmkunit("mutate", "--tree", self.tree, name, *arguments)
            self.assertEqual(code, 0, out + err)


class BadInput(toy.Toy):
    def test_files_that_are_no_mutants(self):
        no_case = patch(change(RED), "")
        for name, text, because in (
                ("toy-a.patch", no_case, "no Red: line"),
                ("other-a.patch", patch(change(RED)), "is called <suite>-<slug>.patch"),
                ("toy-b.patch", change(RED), "words, an Undoes: or Like: line, and a diff")):
            toy.lay(self.top, {name: text})
            self.refused("mutate", "--tree", self.tree, self.path(name), because=because)
        self.refused("mutate", self.path("toy-none.patch"), because="no such mutant")

    def test_nothing_to_do(self):
        self.refused("mutate", because="the museum has no such mutant")
        self.refused("mutate", "--tree", self.tree, because="name the patches to try there")
        self.refused("mutate", "--suite", "tyo", because="did you mean toy?")


class Museum(unittest.TestCase):
    def test_this_checkout(self):
        self.assertEqual(museum.lint(ROOT), [])

    def test_sample_has_one_of_every_suite_of_the_tree(self):
        mutants = museum.collect(ROOT, plan.read(ROOT))
        chosen = museum.sample(mutants, "6.1", 1)
        self.assertEqual(len({m.name for m in chosen}), len(chosen))
        for suite in plan.read(ROOT).suites:
            quick = [m for m in mutants if m.suite == suite and m.tree == "6.1" and not m.why
                     and not any("/asm" in name for name in m.files)]
            self.assertEqual(sum(m.suite == suite for m in chosen), bool(quick), suite)

    def test_first_words_are_kunits(self):
        said = ["kernel splat in this case", "BUG: bad", "# a: EXPECTATION FAILED at x.c:1",
                "    Expected b"]
        self.assertEqual(mutate.first_words(said), "Expected b")
        self.assertEqual(mutate.first_words(said[:2]), "BUG: bad")

    def test_case_that_did_not_run_is_not_red(self):
        suite = verdict.Judged("toy", failed={"a": ["the kernel did not come back from this case"],
                                              "b": ["missing: expected, and did not run"]},
                               crashed="a", unheard=["b"])
        judged = verdict.Verdict("t", "6.1", "x86_64", [suite], ["the kernel panicked (x)"])
        result = mutate.Result("6.1/toy-x", "toy", "x86_64", "")
        mutant = museum.Mutant("6.1/toy-x", "", "6.1", "toy", "", "", red=["b"])
        mutate.judged(mutant, judged, result)
        self.assertEqual((result.verdict, list(result.red)), (mutate.SURVIVED, ["a"]))

    def test_equivalent_must_run_and_pass(self):
        def outcome(suite, why):
            result = mutate.Result("6.1/toy-x", "toy", "x86_64", "")
            mutant = museum.Mutant("6.1/toy-x", "", "6.1", "toy", "", "", why=why)
            mutate.judged(mutant, verdict.Verdict("t", "6.1", "x86_64", [suite]), result)
            return result.verdict
        vanished = verdict.Judged("toy", problems=["missing: the suite did not run"])
        red = verdict.Judged("toy", passed=["b"], failed={"a": ["not ok"]})
        self.assertEqual(outcome(verdict.Judged("toy", passed=["a"]), "same"), mutate.EQUIVALENT)
        self.assertEqual(outcome(vanished, "same"), mutate.SURVIVED)
        self.assertEqual(outcome(vanished, "race: late"), mutate.SURVIVED)
        self.assertEqual(outcome(red, "same"), mutate.SURVIVED)
        self.assertEqual(outcome(red, "race: late"), mutate.EQUIVALENT)

    def test_picture_marks_what_saw_nothing(self):
        result = mutate.Result("6.1/s-x", "s", "x86_64", "killed", red={"a": ""}, named=["a"])
        text = picture.draw([result], {"s": ["a", "b<"]})
        ElementTree.fromstring(text)
        self.assertIn("1 cases that saw nothing", text)
        self.assertRegex(text, f'fill="{picture.COLOURS["none"]}" font-weight="bold">b&lt;<')


if __name__ == "__main__":
    unittest.main()
