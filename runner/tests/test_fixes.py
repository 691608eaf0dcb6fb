# SPDX-License-Identifier: GPL-2.0
"""The table of fixes: what it says of versions, and what a red case makes of it."""

import json
import os
import unittest
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

from runner import fixes, fixtable
from runner.errors import Unjudged
from runner.tests import toy
from runner.tests.test_expected import FAILING

TABLE = """# a comment
0123456789ab | CVE-2024-57883 | 2.6.20 | 5.10.239 6.1.142 6.13 | toy.second_works | toy: count sharers
ba9876543210 | - | 6.0 | 6.1.5 6.2 | toy.first_works | toy: flush
- | - | - | 7.3.4 | none: a race of two CPUs | toy: a title without an id
"""
COMMENTED = toy.SUITE.replace(
    "static void first", '/* ba9876543210 ("toy: flush"): it was not. */\nstatic void first').replace(
    "static void second", '/*\n * As 0123456789ab ("toy: count\n * sharers") has it.\n */\n'
    "static void second")


def fix(since="", fixed="", cases=("toy.x",), name="0123456789ab", cve=""):
    return fixtable.Fix(name, cve, since.split(), fixed.split(), list(cases), "title " + name)


def verdict(version="6.1.7", **outcomes):
    """Of toy.<case>: True if it passed, False if it failed, words if it was skipped."""
    suite = SimpleNamespace(name="toy", unheard=[], unprepared=[],
                            passed=[c for c, o in outcomes.items() if o is True],
                            failed={c: [] for c, o in outcomes.items() if o is False},
                            skipped={c: o for c, o in outcomes.items() if isinstance(o, str)})
    return SimpleNamespace(version=version, suites=[suite], absent={})


class Versions(unittest.TestCase):
    def test_record(self):
        sharing = fix("2.6.20", "5.10.239 6.1.142 6.6.72 6.12.9 6.13")
        regression = fix("5.10.239 6.1.142 6.13", "5.10.253 6.1.167 6.19")
        young = fix("6.15", "6.18.20 7.0")
        branch_only = fix("5.4", "7.1.4")
        for of, version, record in (
                (sharing, "6.1.141", "open"), (sharing, "6.1.142", "fixed"), (sharing, "6.8.1", "open"),
                (sharing, "6.13.0-rc3", "fixed"), (sharing, "7.3.4", "fixed"), (sharing, "5.15.3", "open"),
                (regression, "5.10.238", "not affected"), (regression, "5.10.240", "open"),
                (regression, "6.8.1", "not affected"), (regression, "6.14.1", "open"),
                (regression, "6.1.170", "fixed"), (regression, "6.19.0", "fixed"),
                (young, "6.12.118", "not affected"), (young, "6.16.2", "open"), (young, "7.3.4", "fixed"),
                (branch_only, "7.1.3", "open"), (branch_only, "7.2.1", "fixed"),
                (fix("5.4", "6.12.118", name=""), "7.3.4", "open"), (fix("", "6.17"), "6.12.1", ""), (fix("", ""), "6.1.7", "")):
            self.assertEqual(of.record(version), record, (of, version))

    def test_where_it_is_fixed(self):
        sharing = fix("2.6.20", "5.10.239 6.1.142 6.13")
        self.assertEqual(sharing.fixed_in("6.1.7"), "6.1.142")
        self.assertEqual(sharing.fixed_in("6.8.1"), "6.13")


class Judging(unittest.TestCase):
    def state(self, table, found):
        return {one.id: one.state for one in fixtable.judge(table, found)}

    def test_states(self):
        one = fix(cases=["toy.a", "toy.b"])
        for found, state in ((verdict(a=True, b=True), "has"), (verdict(a=True, b=False), "lacks"),
                             (verdict(a="no such code", b="no"), "not applicable"),
                             (verdict(a=True, b="no such code"), "has")):
            self.assertEqual(self.state([one], found), {one.id: state})
        self.assertEqual(self.state([one], verdict(other=True)), {one.id: "unclear"})

    def test_a_star_stands_for_any_letters(self):
        self.assertEqual(self.state([fix(cases=["toy.a*"])], verdict(ab=True, ac=False, b=True)),
                         {"0123456789ab": "lacks"})
        self.assertEqual(self.state([fix(cases=["toy.a*"])], verdict(b=False)),
                         {"0123456789ab": "unclear"})

    def test_cases_of_another_arch(self):
        found, = fixtable.judge([fix(cases=["odd.a"])], verdict(), {"odd": "its code is s390's"})
        self.assertEqual((found.state, found.why), ("not applicable", "its code is s390's"))

    def test_a_case_that_did_not_run_tells_nothing(self):
        found = verdict(a=False)
        found.suites[0].unheard = ["a"]
        self.assertEqual(self.state([fix(cases=["toy.a"])], found), {"0123456789ab": "unclear"})

    def test_a_case_that_may_pass_without_the_fix(self):
        one = fix("5.0", "6.1.9", cases=["toy.a"])
        one.unsure = ("toy.a",)
        self.assertEqual(self.state([one], verdict(a=True)), {one.id: "unclear"})
        self.assertEqual(self.state([one], verdict(a=False)), {one.id: "lacks"})
        self.assertEqual(self.state([one], verdict("6.1.9", a=True)), {one.id: "has"})
        one.cases, other = ["toy.a", "toy.b"], fix("5.0", "6.1.9", cases=["toy.b"], name="b" * 12)
        self.assertEqual(self.state([one, other], verdict(a=True, b=False)),
                         {one.id: "lacks", other.id: "lacks"})

    def test_a_case_that_failed_in_its_setup_tells_nothing(self):
        found = verdict(a=False)
        found.suites[0].unprepared = ["a"]
        self.assertEqual(self.state([fix(cases=["toy.a"])], found), {"0123456789ab": "unclear"})
        found = verdict(a=False, b=False)
        found.suites[0].unprepared = ["a"]
        one, = fixtable.judge([fix(cases=["toy.a", "toy.b"])], found)
        self.assertEqual((one.state, one.cases), ("lacks", ["toy.b"]))

    def test_a_red_case_of_two_fixes(self):
        both, one = fix(cases=["toy.a", "toy.b"], name="a" * 12), fix(cases=["toy.a"], name="b" * 12)
        self.assertEqual(self.state([both, one], verdict(a=False, b=True)),
                         {both.id: "has", one.id: "lacks"})
        one.since, one.fixed = ["5.0"], ["6.1.2"]
        both.since, both.fixed = ["5.0"], ["6.1.8"]
        found = fixtable.judge([both, one], verdict(a=False, b=False))
        self.assertEqual([(f.state, f.cases) for f in found],
                         [("lacks", ["toy.a", "toy.b"]), ("unclear", [])])
        one.since, one.fixed = ["6.2"], ["6.3"]      # the tree is older than that bug
        found = fixtable.judge([both, one], verdict(a=False, b=False))[1]
        self.assertEqual((found.state, found.why),
                         ("not applicable", f"recorded as not affected, and toy.a fails for {both.id}"))

    def test_differing_from_the_record(self):
        for of, found, words in (
                (fix("5.0", "6.1.2"), verdict(x=False), "recorded as fixed in 6.1.2, and behaves otherwise"),
                (fix("6.5", "6.6"), verdict(x=False), "recorded as not affected, and behaves otherwise"),
                (fix("5.0", "6.1.9"), verdict(x=True), "recorded as open, and behaves as fixed"),
                (fix("5.0", "6.1.9"), verdict(x=False), "")):
            self.assertEqual(fixtable.judge([of], found)[0].differs(), words)


class Table(toy.Toy):
    def setUp(self):
        super().setUp()
        toy.lay(self.project, {"fixes": TABLE})

    def test_a_red_case_names_the_fix(self):
        self.edit("console", FAILING)
        code, out, _ = self.run_tree("--json", self.path("j"), "--junit", self.path("x"))
        self.assertEqual(code, 1)
        self.assertIn('FAILED toy.second_works: lacks 0123456789ab "toy: count sharers" '
                      "(CVE-2024-57883; in 6.1.142)\n", out)
        self.assertEqual(out.splitlines()[-1],
                         "1 passed, 1 failed, 0 skipped, lacks 1 known fix (1 CVE)")
        with open(self.path("j"), encoding="utf-8") as file:
            lacks, = json.load(file)[0]["lacks"]
        self.assertEqual((lacks["id"], lacks["cve"], lacks["fixed_in"], lacks["record"]),
                         ("0123456789ab", "CVE-2024-57883", "6.1.142", "open"))
        found = ElementTree.parse(self.path("x")).getroot().findall(".//property")
        self.assertIn(("fix", "0123456789ab"), [(p.get("name"), p.get("value")) for p in found])

    def fixes(self, *arguments):
        return self.mmkunit("fixes", "--tree", self.tree, *arguments)

    def test_command(self):
        code, out, err = self.fixes()
        self.assertEqual(code, 0, out + err)
        self.assertEqual(out.splitlines()[-1], "lacks 0 known fixes (0 CVEs), 0 unclear, 2 there, "
                         "0 not applicable, 1 not tested; 1 differ from the record")
        self.assertIn("recorded as open, and behaves as fixed", out)
        self.edit("console", FAILING)
        out = self.fixes()[1]                        # no edit of the kernel: its last boot holds
        self.assertIn("6.1.7, x86_64, as last booted", out)
        self.edit("mm/hugetlb.c", "int larger;\n")
        with open(os.path.join(self.tree, "Makefile"), "a", encoding="utf-8") as file:
            file.write("vmlinux: edited\nedited: mm/hugetlb.c\n\t@echo edited >> $(O)/vmlinux\n")
        code, out, err = self.fixes("--json", self.path("j"))
        self.assertEqual(code, 1, out + err)
        self.assertNotIn("as last booted", out)
        self.assertIn("  0123456789ab  CVE-2024-57883  toy: count sharers\n"
                      "      toy.second_works failed; fixed in 6.1.142\n", out)
        with open(self.path("j"), encoding="utf-8") as file:
            self.assertEqual([f["state"] for f in json.load(file)["fixes"]],
                             ["lacks", "has", "not tested"])

    def test_a_case_that_fails_for_no_known_fix(self):
        toy.lay(self.project, {"fixes": TABLE.replace("toy.second_works", "toy.first_works")})
        self.edit("console", FAILING)
        code, out, err = self.fixes()
        self.assertEqual(code, 1, out + err)
        self.assertIn("FAILED toy.second_works, for no known fix\n", out)

    def test_what_a_crash_kept_from_running_is_asked_alone(self):
        kunit = toy.KUNIT.replace('print(open(root + "console")', 'print(open(root + ("console-more" '
                                  'if sys.argv[-1] == "more" else "console"))')
        self.edit("tools/testing/kunit/kunit.py", kunit)
        toy.lay(self.project, {"plan": "suite toy mm/tests/toy_kunit.c\nsuite more mm/tests/more_kunit.c\n",
                               "mm/tests/more_kunit.c": toy.SUITE, ".kunitconfig": "CONFIG_KUNIT=y\n"
                               "CONFIG_TOY_KUNIT_TEST=y\nCONFIG_MORE_KUNIT_TEST=y\n", "fixes": TABLE + "cccccccccccc | - | 5.0 "
                               "| 6.2 | more.second_works | toy: more\n"})
        self.edit("console", toy.CONSOLE.replace("1..1", "1..2", 1).partition("    ok 2")[0])
        self.edit("console-more", FAILING.replace("toy", "more"))
        code, out, err = self.fixes()
        self.assertEqual(code, 1, out + err)
        self.assertIn("      more.second_works failed; fixed in 6.2\n", out)
        self.assertIn("the kernel's output broke off, in toy.second_works", out)
        self.assertNotIn("did not run", out)

    def test_a_setup_that_failed_is_no_lack(self):
        self.edit("console", FAILING.replace("EXPECTATION FAILED at ", "ASSERTION FAILED at mm/tests/lib/"))
        code, out, err = self.fixes()
        self.assertEqual(code, 1, out + err)
        self.assertIn("unclear:\n  0123456789ab", out)
        self.assertIn("the setup failed of toy.second_works", out)
        self.assertNotIn("for no known fix", out)

    def test_a_boot_that_broke_off_is_not_kept(self):
        self.edit("console", toy.CONSOLE.partition("    ok 2")[0])
        code, out, err = self.fixes()
        self.assertEqual(code, 1, out + err)
        self.assertIn("lacks 1 known fix (1 CVE), 0 unclear", out)
        self.edit("console", toy.CONSOLE)
        code, out, err = self.fixes()
        self.assertEqual(code, 0, out + err)
        self.assertNotIn("as last booted", out)

    def test_a_question_mark(self):
        toy.lay(self.project, {"fixes": TABLE.replace("toy.first_works", "toy.first_works?")})
        found = fixtable.read(self.project)[1]
        self.assertEqual((found.cases, found.unsure), (["toy.first_works"], ("toy.first_works",)))

    def test_malformed_lines_are_named(self):
        for line, because in (("0123456789ab | - | 6.1", "it has 3 of 6 columns"),
                              ("0123456789abc | - | - | - | none: x | t", "not the first 12 digits"),
                              ("- | CVE-1 | - | - | none: x | t", "CVE-1 is no CVE number"),
                              ("- | - | 6.x | - | none: x | t", "6.x is no version"),
                              ("- | - | - | - | toy | t", "neither <suite>.<case>"),
                              ("ba9876543210 | - | - | - | none: x | t", "is there twice")):
            toy.lay(self.project, {"fixes": TABLE + line + "\n"})
            with self.assertRaisesRegex(Unjudged, f"fixes:5: .*{because}"):
                fixtable.read(self.project)

    def lint(self, suite=COMMENTED, table=TABLE, undoes="0123456789ab"):
        patch = f"Words.\n\nUndoes: {undoes}\nRed: second_works\n\n--- a/mm/hugetlb.c\n+++ b/mm/hugetlb.c\n"
        toy.lay(self.project, {"fixes": table, "mm/tests/toy_kunit.c": suite,
                               "museum/6.1/toy-a.patch": patch})
        return "\n".join(fixes.lint(self.project))

    def test_lint_holds_table_cases_and_museum_together(self):
        self.assertEqual(self.lint(), "museum: nothing undoes ba9876543210")
        self.assertIn('toy: no comment names ba9876543210 ("toy: flush")',
                      self.lint(COMMENTED.replace("ba98", "cd98")))
        self.assertIn("toy.first_works: its comment names cd9876543210, whose line in fixes",
                      self.lint(COMMENTED.replace("ba98", "cd98")))
        self.assertIn("fixes: ba9876543210: there is no case toy.third_works",
                      self.lint(table=TABLE.replace("first_works", "third_works")))
        self.assertIn("museum: cd9876543210 is undone, and is not in fixes",
                      self.lint(undoes="cd9876543210"))
        toy.lay(self.project, {"expected/6.1/x86_64": "version 6.1.7\nfail toy.first_works: lacks "
                               "0123456789ab\n"})
        self.assertIn("expected/6.1/x86_64: 0123456789ab does not name toy.first_works", self.lint())


class Accepting(toy.Toy):
    """A user's own expectation file."""

    def setUp(self):
        super().setUp()
        toy.lay(self.project, {"fixes": TABLE})
        self.edit("console", FAILING)
        self.file = self.path("own")
        self.assertEqual(self.mmkunit("expect", "--tree", self.tree, "--update", "--file",
                                      self.file)[0], 0)

    def accept(self, *arguments):
        return self.run_tree("--expect", self.file, *arguments)

    def test_what_the_file_says_is_accepted(self):
        with open(self.file, encoding="utf-8") as file:
            self.assertIn("fail toy.second_works: lacks 0123456789ab (CVE-2024-57883)\n", file.read())
        code, out, err = self.accept()
        self.assertEqual(code, 0, out + err)
        self.assertIn("1 failed as " + self.file + " says, and nothing differs from it", out)

    def test_whatever_differs_is_red(self):
        self.edit("console", toy.CONSOLE)
        code, out, _ = self.accept()
        self.assertEqual(code, 1)
        self.assertIn("toy.second_works failed, now passes", out)
        self.edit("console", FAILING.replace("ok 1 first", "not ok 1 first"))
        code, out, _ = self.accept()
        self.assertEqual(code, 1)
        self.assertIn("toy.first_works passed, now fails", out)

    def test_refusals(self):
        self.refused("run", "--tree", self.tree, "--expect", self.path("none"),
                     because="write it by ./mmkunit expect --update --file")
        self.refused("run", "--tree", self.tree, "--expect", self.file, "--arch", "x86_64,um",
                     because="--expect is a file for one arch")
        self.refused("expect", "--tree", self.tree, "--file", self.path("none"),
                     because="--update writes it")


if __name__ == "__main__":
    unittest.main()
