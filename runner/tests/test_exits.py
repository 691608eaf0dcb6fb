# SPDX-License-Identifier: GPL-2.0
"""Exit codes and reports: each ending says what it was, to the shell, to git bisect, in files."""

import json
import os
import signal
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from unittest import mock

from runner import check, expect
from runner.errors import Unjudged
from runner.tests import toy

RED = toy.CONSOLE.replace("    ok 2", "    not ok 2").replace("ok 1 toy", "not ok 1 toy")
# What the tree's riscv.py does on a machine without OpenSBI.
RISCV = ("import sys\nprint('\\n\\nOpenSBI bios was not found in \"/usr/share/qemu/bios\".\\n'\n"
         "      'Please ensure that qemu-system-riscv is installed\\n')\nsys.exit()\n")


class Exits(toy.Toy):
    """Toy runs, and what they leave in the files that were asked for."""

    def setUp(self):
        super().setUp()
        self.json, self.junit, self.log = self.path("v.json"), self.path("v.xml"), self.path("v.log")
        self.files = ("--json", self.json, "--junit", self.junit, "--keep-log", self.log)

    def told(self):
        with open(self.json, encoding="utf-8") as file:
            return json.load(file)

    def machine(self, arch, text):
        """Give the tree a description of @arch's QEMU machine, and this machine its tools."""
        self.edit(f"tools/testing/kunit/qemu_configs/{arch}.py", text)
        for name in ("riscv64-linux-gnu-gcc", "qemu-system-riscv64", "aarch64-linux-gnu-gcc",
                     "qemu-system-aarch64"):
            self.stub(name, "exit 0")


class Codes(Exits):
    def test_machine_description_that_exits(self):
        self.machine("riscv", RISCV)
        code, out, err = self.run_tree("--arch", "riscv", *self.files)
        self.assertEqual(code, 2, out + err)
        self.assertIn('OpenSBI bios was not found in "/usr/share/qemu/bios"', err)
        self.assertIn("apt-get install opensbi", err)
        self.assertIn("OpenSBI", self.told()[0]["why"])

    def test_machine_description_that_exits_beside_a_red_arch(self):
        self.machine("riscv", RISCV)
        self.edit("console", RED)
        code, out, err = self.run_tree("--arch", "x86_64,riscv", *self.files)
        self.assertEqual(code, 1, out + err)
        self.assertEqual([found["arch"] for found in self.told()], ["x86_64", "riscv"])

    def test_machine_description_that_asks_or_raises(self):
        for text, word in (("input('download?')\n", "download?"), ("1 / 0\n", "ZeroDivisionError"),
                           ("x = 1\n", "QEMU_ARCH"), ("QEMU_ARCH = (\n", "SyntaxError"),
                           ("import sys\nsys.exit('no riscv here')\n", "no riscv here")):
            self.machine("riscv", text)
            self.refused("run", "--tree", self.tree, "--arch", "riscv", because=word)

    def test_red_beside_an_arch_that_cannot_be_judged(self):
        self.edit("console", RED)
        for arches in ("x86_64,arm64", "arm64,x86_64"):
            self.machine("arm64", "1 / 0\n")
            code, out, err = self.run_tree("--arch", arches)
            self.assertEqual(code, 1, out + err)

    def test_signals(self):
        self.edit("sleep", "30\n")
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            ended, err = self.kill_while(".mmkunit-building", number, *self.files)
            # The guard of the run before may hold the cache for a moment: that is told first.
            self.assertEqual((ended, err.splitlines()[-1]),
                             (code, f"mmkunit: interrupted by {number.name}"))
            self.assertIn("interrupted", self.told()[0]["why"])
            os.unlink(self.json)
            for folder, _, names in os.walk(self.path("cache")):
                if ".mmkunit-building" in names:
                    os.unlink(os.path.join(folder, ".mmkunit-building"))

    def test_bisect(self):
        self.assertEqual(self.run_tree("--bisect")[0], 0)
        self.edit("console", RED)
        self.assertEqual(self.run_tree("--bisect")[0], 1)
        self.edit("mm/hugetlb.c", "BROKEN\n")
        self.assertEqual(self.run_tree()[0], 2)
        self.assertEqual(self.run_tree("--bisect")[0], 125)
        self.assertEqual(self.mmkunit("run", "--bisect", "--tree", self.path("none"))[0], 125)
        self.assertEqual(self.run_tree("--bisect", "--", "--jobs", "none")[0], 125)
        self.assertEqual(self.mmkunit("run", "--bisect", "--nonsense")[0], 125)

    def test_git_bisect_run_finds_the_commit_past_one_that_does_not_build(self):
        def git(*words):
            done = subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words],
                                  cwd=self.tree, env=self.env, text=True, check=True,
                                  stdin=subprocess.DEVNULL, capture_output=True)
            return done.stdout.strip()
        git("init", "-q")
        commits = {}
        for name, files in (("first", {}), ("good", {"x": "1"}), ("better", {"x": "4"}),
                            ("no build", {"mm/hugetlb.c": "BROKEN\n"}),
                            ("mended", {"mm/hugetlb.c": "int mended;\n"}),
                            ("culprit", {"console": RED}), ("last", {"x": "3"})):
            toy.lay(self.tree, files)
            git("add", "-A")
            git("commit", "-qm", name, "--allow-empty")
            commits[name] = git("rev-parse", "HEAD")
        git("bisect", "start", commits["last"], commits["first"])
        out = git("bisect", "run", sys.executable, self.path("project/mmkunit"), "run", "--bisect",
                  "--tree", ".")
        self.assertIn(f"{commits['culprit']} is the first bad commit", out)
        self.assertIn(f"# skip: [{commits['no build']}]", git("bisect", "log"))

    def test_bisect_interrupted(self):
        self.edit("sleep", "30\n")
        self.assertEqual(self.kill_while(".mmkunit-building", signal.SIGINT, "--bisect")[0], 130)

    def test_cell_that_cannot_be(self):
        plan = toy.OVERLAY["plan"] + ("suite s390_toy arch/s390/mm/tests/toy_kunit.c\n"
                                      "cannot toy */um UML is no toy\n")
        self.edit("plan", plan, self.project)
        self.edit("arch/s390/mm/tests/toy_kunit.c", toy.SUITE, self.project)
        for arguments, because in (
                (("--suite", "s390_toy"), "s390_toy cannot be judged on x86_64: its code is s390's"),
                (("--suite", "s390_toy", "--arch", "s390,x86_64"), "on x86_64"),
                (("--suite", "toy", "--arch", "um"), "toy cannot be judged on um: UML is no toy")):
            self.refused("run", "--tree", self.tree, *arguments, because=because)
            self.assertFalse(os.path.exists(self.path("cache/mmkunit/stage")))

    def test_help_is_no_failure(self):
        self.assertEqual(self.mmkunit("--help")[0], 0)
        self.assertEqual(self.mmkunit("run", "--help")[0], 0)


class Other(toy.Toy):
    """The codes of the other commands."""

    def test_check_that_is_red_and_cannot_judge_a_tree(self):
        def cannot():
            raise Unjudged("no such tree")
        for steps, code in (((cannot,), 2), ((lambda: (0, 1, 0), cannot), 1),
                            ((cannot, lambda: (1, 1, 0)), 1), ((lambda: (1, 0, 0),), 0)):
            def unittests(_root, steps=steps):
                return steps[0]()

            def kernels(_root, count, steps=steps):
                for step in steps[1:]:
                    count.step("x", step)
            with mock.patch.object(check, "_unittests", unittests), \
                 mock.patch.object(check, "_with_kernels", kernels), \
                 mock.patch.object(check.cache, "lock"), mock.patch.object(check.packages, "ensure"), \
                 mock.patch("builtins.print"):
                arguments = mock.Mock(quick=False, strict=False)
                self.assertEqual(check.check_command(self.project, arguments), code)

    def test_expect_that_is_red_and_cannot_judge_a_cell(self):
        def one(_root, cell, *_):
            if cell == "b/x":
                raise Unjudged("b did not get through")
            return 1
        with mock.patch.object(expect, "_one", one), mock.patch.object(expect.cache, "lock"), \
             mock.patch.object(expect.expected, "CELLS", ("a/x", "b/x", "c/x")), \
             mock.patch("builtins.print"), mock.patch("sys.stderr"):
            arguments = mock.Mock(tree=None, arch=None, update=False, file=None)
            self.assertEqual(expect.expect_command(self.project, arguments, None), 1)

    def test_mutant_and_coverage_of_a_cell_that_cannot_be(self):
        plan = toy.OVERLAY["plan"] + "cannot toy */arm64 there is no toy\n"
        self.edit("plan", plan, self.project)
        toy.lay(self.project, {"museum/6.1/toy-a.patch": "It is.\n\nLike: x\nArch: arm64\nRed: first_works\n"
                               "\n--- a/x\n+++ b/x\n", "museum/covered": "toy mm/hugetlb.c huge\n"})
        self.refused("mutate", "--tree", self.tree, self.path("project/museum/6.1/toy-a.patch"),
                     because="toy cannot be judged on arm64: there is no toy")
        self.edit("plan", toy.OVERLAY["plan"] + "cannot toy 6.1/* there is no toy\n", self.project)
        self.refused("cover", "--suite", "toy", "--tree", "6.1",
                     because="toy cannot be judged on 6.1/x86_64: there is no toy")
        self.refused("mutate", "--tree", "6.1", "--suite", "toy", because="there is no toy")


class Streams(Exits):
    def shell(self, redirect):
        """Exit code and stderr of a toy run from a shell that redirects."""
        command = (f"{sys.executable} {self.project}/mmkunit run --tree {self.tree} "
                   f"--json {self.json} {redirect}")
        done = subprocess.run(["bash", "-c", command], env=self.env, text=True, check=False,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.assertNotIn("Traceback", done.stderr)
        self.assertNotIn("Exception ignored", done.stderr)
        return done.returncode, done.stderr

    def test_closed(self):
        self.assertEqual(self.shell(">&-"), (0, ""))
        self.assertEqual(self.shell(">&- 2>&-"), (0, ""))
        self.assertEqual(self.shell(">&- 2>&- <&-"), (0, ""))
        self.edit("console", RED)
        self.assertEqual(self.shell(">&-"), (1, ""))

    def test_reader_that_goes_away(self):
        code, err = self.shell("| true; exit ${PIPESTATUS[0]}")
        self.assertEqual((code, err), (141, ""))
        self.assertIn("standard output", self.told()[0]["why"])

    def test_full_device(self):
        code, err = self.shell("> /dev/full")
        self.assertEqual(code, 2)
        self.assertIn("No space left on device: standard output", err)
        self.shell("> /dev/full 2> /dev/full")


class Reports(Exits):
    def test_arch_that_cannot_be_judged_is_an_error(self):
        self.machine("arm64", "1 / 0\n")
        self.run_tree("--arch", "x86_64,arm64", *self.files)
        root = ElementTree.parse(self.junit).getroot()
        error, = root.iter("error")
        self.assertIn("ZeroDivisionError", error.get("message"))
        self.assertEqual(sorted(s.get("errors") for s in root.findall("testsuite")), ["0", "1"])

    def test_log_of_a_kernel_that_did_not_start(self):
        self.edit("console", "qemu: could not load PC BIOS 'qboot.rom'\n")
        self.assertEqual(self.run_tree(*self.files)[0], 2)
        with open(self.log, encoding="utf-8") as file:
            self.assertIn("could not load PC BIOS", file.read())

    def test_older_reports_do_not_survive(self):
        def older():
            for path in (self.json, self.junit, self.log):
                toy.lay(self.top, {path: "from an older run"})
        older()
        self.edit("mm/hugetlb.c", "BROKEN\n")
        self.run_tree(*self.files)
        self.assertIn("BROKEN is no C", self.told()[0]["why"])
        with open(self.log, encoding="utf-8") as file:
            self.assertEqual(file.read(), "")
        older()
        toy.lay(self.top, {"nocache": "a file\n"})
        self.env["XDG_CACHE_HOME"] = self.path("nocache")
        self.assertEqual(self.run_tree(*self.files)[0], 2)
        self.assertIn("cannot be written", self.told()[0]["why"])
        ElementTree.parse(self.junit)

    def test_a_killed_run_leaves_no_older_verdict(self):
        self.edit("sleep", "30\n")
        toy.lay(self.top, {self.json: "from an older run"})
        self.kill_while(".mmkunit-building", signal.SIGKILL, *self.files)
        self.assertEqual([(f["arch"], f["why"]) for f in self.told()],
                         [("x86_64", "the run did not come to its end")])

    def test_usage_leaves_the_reports_alone(self):
        toy.lay(self.top, {self.json: "from an older run"})
        self.refused("run", "--json", self.json, "--suite", "tyo", because="did you mean toy")
        with open(self.json, encoding="utf-8") as file:
            self.assertEqual(file.read(), "from an older run")

    def test_path_that_cannot_be_written(self):
        # Root may write anywhere but here.
        for path in ("/proc/self/v.json", self.path("no/v.json"), self.top):
            for option in ("--json", "--junit", "--keep-log"):
                self.refused("run", "--tree", self.tree, option, path, because="cannot be written")
        self.assertFalse(os.path.exists(self.path("cache/mmkunit/stage")))

    def test_report_that_does_not_fit(self):
        code, out, err = self.run_tree("--json", "/dev/full")
        self.assertEqual((code, out.splitlines()[-1]), (2, "2 passed, 0 failed, 0 skipped"))
        self.assertEqual(err, "mmkunit: /dev/full cannot be written: No space left on device\n")
        self.edit("console", RED)
        self.assertEqual(self.run_tree("--json", "/dev/full")[0], 1)

    def test_report_to_a_pipe(self):
        code, out, _ = self.run_tree("--json", "/dev/stdout")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out[out.index("[\n"):out.rindex("]") + 1])[0]["arch"], "x86_64")


class Places(Exits):
    """Where the cache is, and what is in a tree that is not UTF-8."""

    def test_relative_cache(self):
        self.env.update(XDG_CACHE_HOME="cache", HOME=self.path("home"))
        code, out, err = self.run_tree()
        self.assertEqual(code, 0, out + err)
        self.assertIn("XDG_CACHE_HOME=cache is not absolute and does not count: the cache is "
                      + self.path("home/.cache/mmkunit"), err)
        self.assertTrue(os.path.isdir(self.path("home/.cache/mmkunit/stage")))
        self.assertFalse(os.path.exists("cache"))

    def test_no_home(self):
        del self.env["XDG_CACHE_HOME"]
        for home in (None, "", "relative"):
            self.env.pop("HOME", None)
            if home is not None:
                self.env["HOME"] = home
            script = ("import os, pwd, sys; sys.path.insert(0, sys.argv[1]); from runner import cli\n"
                      "def no(uid): raise KeyError(uid)\npwd.getpwuid = no\n"
                      "sys.exit(cli.main(sys.argv[1], ['run', '--tree', sys.argv[2]]))")
            done = subprocess.run([sys.executable, "-c", script, self.project, self.tree],
                                  env=self.env, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertEqual(done.stderr, "mmkunit: no place for the cache: neither "
                             "XDG_CACHE_HOME nor HOME is an absolute path\n")
            self.assertFalse(os.path.exists("~"))

    def test_cache_where_make_cannot_build(self):
        for name in ("my cache", "a:b", "a#b", "a$b", "a%b", "a'b", "a;b"):
            self.env["XDG_CACHE_HOME"] = self.path(name)
            self.refused("run", "--tree", self.tree, because="make cannot build there")
            self.assertFalse(os.path.exists(self.path(name)))

    def test_tree_that_is_not_utf_8(self):
        for name in ("Makefile", "lib/kunit/executor.c", "mm/Kconfig", "mm/Makefile",
                     "mm/khugepaged.c", "tools/testing/kunit/kunit_kernel.py",
                     "tools/testing/kunit/qemu_configs/x86_64.py"):
            with open(os.path.join(self.tree, name), "ab") as file:
                file.write(b"# \xe9\n" if name != "mm/Kconfig" else b"# \xe9\nendmenu\n")
        with open(os.path.join(self.tree, "mm").encode() + b"/\xe9.c", "wb") as file:
            file.write(b"/* \xe9 */\n")
        for _ in range(2):
            code, out, err = self.run_tree(*self.files)
            self.assertEqual(code, 0, out + err)

    def test_tree_whose_path_is_not_utf_8(self):
        path = self.tree.encode() + b"-\xe9"
        os.rename(self.tree, path)
        self.tree = os.fsdecode(path)
        for _ in range(2):
            code, out, err = self.run_tree(*self.files)
            self.assertEqual(code, 0, out + err)
        self.assertIn("\\udce9", json.dumps(self.told()[0]["tree"]))

    def test_suite_that_is_not_utf_8(self):
        with open(os.path.join(self.project, "mm/tests/toy_kunit.c"), "ab") as file:
            file.write(b"/* \xe9 */\n")
        code, out, err = self.run_tree()
        self.assertEqual(code, 0, out + err)


class Behind(Exits):
    """What stands behind the --."""

    def test_what_would_redirect_kunit(self):
        for words in (("--build_dir=/tmp/x",), ("--build_dir", "/tmp/x"), ("--raw_output",),
                      ("--raw_output=kunit",), ("--raw",), ("--kunitconfig=x",), ("--arch=um",),
                      ("--json",), ("--qemu_config=x",), ("--time", "3"), ("--list_tests",),
                      ("--run_isolated=suite",), ("toy.*",), ("--nonsense",)):
            err = self.refused("run", "--tree", self.tree, "--", *words, because=words[0].split("=")[0])
            self.assertIn("behind --", err)
            self.assertFalse(os.path.exists(self.path("cache")))

    def test_values_that_redirect(self):
        for words in ("--make_options=O=/tmp/x", "--make_options=ARCH=um", "--make_options=-C/",
                      "--make_options=CROSS_COMPILE=x-", "--make_options=KCONFIG_CONFIG=/x",
                      "--kconfig_add=NOTHING", "--kernel_args=kunit.filter_glob=x",
                      "--kernel_args=kunit.enable=0"):
            self.refused("run", "--tree", self.tree, "--", words, because=words.split("=", 1)[1])

    def test_what_may_follow(self):
        code, out, err = self.run_tree("--", "--jobs", "1", "--timeout=9", "--kconfig_add",
                                       "CONFIG_X=y", "--kconfig_add=# CONFIG_Y is not set",
                                       "--make_options=V=1", "--kernel_args=quiet",
                                       "--qemu_args=-m 512", "--cross_compile=x-")
        self.assertEqual(code, 0, out + err)


if __name__ == "__main__":
    unittest.main()
