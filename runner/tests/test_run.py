# SPDX-License-Identifier: GPL-2.0
"""Whole runs on the toy tree: verdicts, bad input, and being killed."""

import json
import os
import shutil
import signal
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree
from unittest import mock

from runner import boot, cache, cli, judge, packages, process, stage, trees
from runner.errors import Unjudged
from runner.tests import toy


class Good(toy.Toy):
    def test_run_passes_and_leaves_the_tree_alone(self):
        before = toy.checksum(self.tree)
        code, out, err = self.run_tree()
        self.assertEqual((code, err), (0, ""), out)
        self.assertEqual(out.splitlines()[-1], "2 passed, 0 failed, 0 skipped")
        self.assertRegex(out, r"ok +toy \(6\.1\.7 x86_64\): 2 passed, 0 failed")
        self.assertEqual(toy.checksum(self.tree), before)

    def test_nothing_is_rebuilt_without_an_edit(self):
        self.assertIn("1 objects", self.run_tree()[1])
        self.assertNotIn("objects", self.run_tree()[1])

    def test_an_edit_is_seen(self):
        self.run_tree()
        time.sleep(0.02)
        self.edit("mm/hugetlb.c", "int huger;\n")
        self.assertIn("1 objects", self.run_tree()[1])
        self.edit("mm/new.c", "int fresh;\n")
        os.unlink(os.path.join(self.tree, "mm/toy.h"))
        code, _, err = self.run_tree()
        self.assertEqual(code, 2)
        self.assertIn("mm/toy.h", err)

    def test_a_file_put_back_with_its_old_time_is_seen(self):
        source, kept = os.path.join(self.tree, "mm/hugetlb.c"), self.path("kept.c")
        shutil.copy2(source, kept)
        self.run_tree()
        time.sleep(0.02)
        self.edit("mm/hugetlb.c", "int huger;\n")
        self.assertIn("1 objects", self.run_tree()[1])
        time.sleep(0.02)
        shutil.copy2(kept, source)
        self.assertIn("1 objects", self.run_tree()[1])
        self.assertNotIn("objects", self.run_tree()[1])

    def test_json_junit_and_log(self):
        files = [self.path(name) for name in ("v.json", "v.xml", "v.log")]
        self.edit("console", toy.CONSOLE.replace("    ok 2", "    # second\x1b_works: FAILED\n    not ok 2")
                  .replace("ok 1 toy", "not ok 1 toy"))
        code, _, _ = self.run_tree("--json", files[0], "--junit", files[1], "--keep-log", files[2])
        self.assertEqual(code, 1)
        with open(files[0], encoding="utf-8") as file:
            found = json.load(file)[0]
        self.assertEqual((found["version"], found["suites"][0]["passed"]), ("6.1.7", ["first_works"]))
        root = ElementTree.parse(files[1]).getroot()
        self.assertEqual(root.find("testsuite").get("failures"), "1")
        with open(files[2], encoding="utf-8") as file:
            self.assertIn("KTAP version 1", file.read())

    def test_skips_are_told_by_reason(self):
        cases = ["a", "b", "c", "d"]
        self.edit("mm/tests/toy_kunit.c", toy.SUITE + "".join(
            f"static void {c}(struct kunit *test) {{}}\n\tKUNIT_CASE({c}),\n" for c in cases), self.project)
        console = toy.CONSOLE.replace("1..2", "1..6").replace("ok 1 toy\n", "".join(
            f"    ok {n + 3} {c} # SKIP {'alone' if c == 'c' else 'no huge pages'}\n"
            for n, c in enumerate(cases)) + "ok 1 toy\n")
        self.edit("console", console)
        files = self.path("v.json"), self.path("v.xml")
        code, out, _ = self.run_tree("--json", files[0], "--junit", files[1])
        self.assertEqual(code, 0)
        self.assertEqual([line for line in out.splitlines() if line.startswith("skipped")],
                         ["skipped toy: 3 cases: no huge pages", "skipped toy.c: alone"])
        self.assertEqual(out.splitlines()[-1], "2 passed, 0 failed, 4 skipped")
        with open(files[0], encoding="utf-8") as file:
            self.assertEqual(list(json.load(file)[0]["suites"][0]["skipped"]), cases)
        self.assertEqual(sum(1 for _ in ElementTree.parse(files[1]).iter("skipped")), 4)

    def test_path_with_a_space(self):
        os.rename(self.tree, self.path("my tree: a copy"))
        self.tree = self.path("my tree: a copy")
        self.assertEqual(self.run_tree()[0], 0)

    def test_one_suite(self):
        self.assertEqual(self.run_tree("--suite", "toy")[0], 0)

    def test_grafted_tree_can_be_run(self):
        self.mmkunit("graft", self.tree)
        before = toy.checksum(self.tree)
        code, out, _ = self.run_tree()
        self.assertEqual(code, 0, out)
        self.edit("mm/tests/toy_kunit.c", toy.SUITE + "/* mine */\n")
        self.assertIn("toy_kunit.c is taken as edited", self.run_tree()[1])
        self.edit("mm/tests/toy_kunit.c", toy.SUITE)
        self.assertEqual(toy.checksum(self.tree), before)

    def test_tree_built_in_place(self):
        toy.lay(self.tree, {".config": "", "include/config/auto.conf": "", "mm/hugetlb.o": "",
                            "include/linux/mm.h": "", ".gitignore": "*.o\n.*\n/include/config/\n"})
        before = toy.checksum(self.tree)
        self.assertEqual(self.run_tree()[0], 0)
        self.assertEqual(toy.checksum(self.tree), before)
        staged = self.path("cache/mmkunit/stage", os.listdir(self.path("cache/mmkunit/stage"))[0])
        for name in (".config", "include/config", "mm/hugetlb.o"):
            self.assertFalse(os.path.lexists(os.path.join(staged, name)), name)
        self.assertTrue(os.path.exists(os.path.join(staged, "include/linux/mm.h")))

    def test_links_in_the_tree_survive(self):
        os.symlink("hugetlb.c", os.path.join(self.tree, "mm/link.c"))
        os.symlink("nowhere", os.path.join(self.tree, "mm/dangling"))
        os.symlink("../mm", os.path.join(self.tree, "lib/dir"))
        before = toy.checksum(self.tree)
        self.assertEqual(self.run_tree()[0], 0)
        self.assertEqual(self.run_tree()[0], 0)
        self.assertEqual(toy.checksum(self.tree), before)
        staged = self.path("cache/mmkunit/stage", os.listdir(self.path("cache/mmkunit/stage"))[0])
        self.assertEqual(os.readlink(os.path.join(staged, "mm/dangling")), "nowhere")
        self.assertTrue(os.path.samefile(os.path.join(staged, "lib/dir"), os.path.join(staged, "mm")))

    def test_edited_overlay_is_rebuilt_from_any_checkout(self):
        self.run_tree()
        old = os.path.join(self.project, "mm/tests/toy_kunit.c")
        self.edit("mm/tests/toy_kunit.c", toy.SUITE + "\n", self.project)
        os.utime(old, (1, 1))        # as in another checkout, whose files are older
        self.assertIn("1 objects", self.run_tree()[1])


class Failing(toy.Toy):
    def judged(self, console, *arguments):
        self.edit("console", console)
        code, out, _ = self.run_tree(*arguments)
        self.assertEqual(code, 1, out)
        return out

    def test_missing_case(self):
        text = toy.CONSOLE.replace("    ok 2 second_works\n", "")
        self.assertIn("FAILED toy.second_works\n    missing", self.judged(text))

    def test_dropped_suite(self):
        self.edit("dropped", "CONFIG_TOY_KUNIT_TEST=y\n")
        out = self.judged("KTAP version 1\n1..0\n")
        self.assertIn("FAILED toy: dropped by Kconfig: CONFIG_TOY_KUNIT_TEST is not set", out)

    def test_all_skipped(self):
        text = toy.CONSOLE.replace("_works", "_works # SKIP no")
        self.assertIn("every case was skipped", self.judged(text))

    def test_suite_that_has_no_symbol_it_needs(self):
        self.edit("plan", toy.OVERLAY["plan"] + "needs toy EVEN it is odd\n", self.project)
        self.edit("dropped", "CONFIG_TOY_KUNIT_TEST=y\n")
        out = self.judged("KTAP version 1\n1..0\n")
        self.assertIn("not applicable: toy: it is odd\n", out)
        self.assertIn("FAILED KUnit ran no suite at all", out)
        self.assertNotIn("dropped", out)
        out = self.judged("KTAP version 1\n1..0\n", "--", "--kconfig_add=CONFIG_EVEN=y")
        self.assertIn("FAILED toy: dropped by Kconfig", out)

    def test_panic_shows_the_last_lines(self):
        noise = "".join(f"noise {n}\n" for n in range(100))
        text = toy.CONSOLE[:toy.CONSOLE.index("    ok 2")] + noise + "Kernel panic - not syncing: x\n"
        out = self.judged(text)
        self.assertIn("in toy.second_works", out)
        self.assertIn("| noise 99", out)
        self.assertNotIn("| noise 60\n", out)

    def test_hang_is_cut_off(self):
        self.run_tree()
        self.edit("sleep", "60\n")
        with mock.patch.object(boot, "GRACE", 0):
            start = time.monotonic()
            with mock.patch.dict(os.environ, self.env):
                options = cli.kunit_options(["--timeout", "1"])
                tree = trees.find(self.tree)
                with mock.patch("builtins.print"):
                    verdict = judge.judge(self.project, tree, "x86_64", [], options)
        self.assertLess(time.monotonic() - start, 30)
        self.assertIn("hung: no end after 1 s", verdict.problems[0])


class BadInput(toy.Toy):
    def test_no_command(self):
        self.refused(because="which command?")

    def test_usage(self):
        self.refused("run", "--nonsense", because="unrecognized arguments: --nonsense")
        self.refused("run", "--", "--jobs", "none", because="invalid int value")
        self.refused("doctor", "--", "--jobs", "1", because="takes nothing after --")

    def test_path_that_is_no_kernel_tree(self):
        self.refused("run", "--tree", self.path("bin"), because="is no kernel tree: it has no Makefile")
        self.refused("run", "--tree", self.path("x"), because="no such kernel tree")

    def test_tree_too_old(self):
        self.edit("Makefile", "VERSION = 4\nPATCHLEVEL = 19\nSUBLEVEL = 1\n")
        self.refused("run", "--tree", self.tree, because="is Linux 4.19.1: too old")

    def test_unknown_names_come_with_a_suggestion(self):
        self.refused("run", "--tree", "newst", because="unknown tree 'newst'; did you mean newest?")
        self.refused("run", "--arch", "x86-64", because="unknown arch 'x86-64'; did you mean x86_64?")
        self.refused("run", "--suite", "toys", because="unknown suite 'toys'; did you mean toy?")

    def test_no_disk_space(self):
        self.env["MMKUNIT_NEED_MIB"] = str(1 << 40)
        self.assertIn("no disk space: a kernel build needs", self.run_tree()[2])

    def test_disk_that_fills_up(self):
        self.edit("Makefile", toy.MAKEFILE.replace("@if grep -n BROKEN", "@echo 'a.c:1: error: "
                  "write: No space left on device'; exit 1; if grep -n BROKEN", 1))
        self.assertIn("no space left on device in the build", self.run_tree()[2])

    def test_no_qemu(self):
        self.without("qemu-system-x86_64")
        code, _, err = self.run_tree()
        self.assertEqual(code, 2)
        self.assertIn("missing for x86_64: qemu-system-x86_64", err)

    def test_no_compiler(self):
        self.without("gcc")
        code, _, err = self.run_tree()
        self.assertEqual(code, 2)
        self.assertRegex(err, "missing for x86_64: .*gcc")

    def test_neither_root_nor_sudo(self):
        self.without("flex")
        self.stub("sudo", "exit 1")
        with mock.patch.dict(os.environ, self.env), mock.patch("os.geteuid", return_value=1000):
            with self.assertRaisesRegex(Unjudged, "missing for x86_64: flex; as root: apt-get install"):
                packages.ensure("x86_64")

    def test_read_only_cache(self):
        toy.lay(self.top, {"cache": "a file where the cache should be\n"})
        self.refused("run", "--tree", self.tree, because="cannot be written")

    def test_cache_inside_the_tree(self):
        self.env["XDG_CACHE_HOME"] = os.path.join(self.tree, "cache")
        before = toy.checksum(self.tree)
        self.refused("run", "--tree", self.tree, because="is inside the tree")
        self.assertEqual(toy.checksum(self.tree), before)

    def test_report_that_cannot_be_written(self):
        self.refused("run", "--tree", self.tree, "--json", self.path("no/v.json"),
                     because="cannot be written")

    def test_build_broken_in_the_tree(self):
        self.edit("mm/hugetlb.c", "BROKEN\n")
        code, _, err = self.run_tree()
        self.assertEqual(code, 2)
        self.assertIn("failed in the tree's own files", err)
        self.assertIn("mm/hugetlb.c:1:2: error: BROKEN is no C", err)

    def test_build_broken_in_the_overlay(self):
        self.edit("mm/tests/toy_kunit.c", toy.SUITE + "/* BROKEN */\n", self.project)
        code, _, err = self.run_tree()
        self.assertEqual(code, 2)
        self.assertIn("failed in the overlay's own files", err)
        self.assertIn("  mm/tests/toy_kunit.c:3:1: error: no such thing", err)

    def test_option_that_kconfig_refuses(self):
        self.edit("dropped", "CONFIG_KASAN=y\n")
        _, _, err = self.run_tree("--", "--kconfig_add", "CONFIG_KASAN=y")
        self.assertIn("CONFIG_KASAN=y cannot be had on 6.1.7 x86_64", err)

    def test_kernel_that_does_not_start(self):
        self.edit("console", "qemu: could not load PC BIOS 'qboot.rom'\n")
        code, _, err = self.run_tree()
        self.assertEqual(code, 2)
        self.assertIn("could not load PC BIOS", err)

    def test_uml_that_does_not_know_the_processor(self):
        self.edit("console", toy.CONSOLE.replace(
            "    ok 2", "copy_context_skas0 : put_fp_registers failed, pid = 1, err = -14\n    not ok 2"))
        self.edit("Makefile", toy.MAKEFILE.replace("vmlinux", "linux"))
        code, _, err = self.run_tree("--arch", "um")
        self.assertEqual(code, 2)
        self.assertIn("this tree's UML cannot fork on this machine", err)

    def test_one_arch_of_two_cannot_be_judged(self):
        self.edit("tools/testing/kunit/qemu_configs/i386.py", "raise SystemError\n")
        code, out, err = self.run_tree("--arch", "x86_64,arm64")
        self.assertEqual(code, 2, out + err)
        self.assertIn("2 passed, 0 failed", out)
        self.assertIn("mmkunit: arm64: ", err)

    def test_internal_error_is_one_line(self):
        with mock.patch.object(cli, "dispatch", side_effect=ZeroDivisionError("x")), \
             mock.patch("sys.stderr") as err, mock.patch("sys.stdout"), \
             mock.patch.object(cli.signal, "signal"):
            self.assertEqual(cli.main(self.project, []), 2)
        self.assertIn("internal error: ZeroDivisionError", str(err.write.call_args_list))


class Interrupted(toy.Toy):
    def assert_next_run_works(self, before):
        self.assertEqual(toy.checksum(self.tree), before)
        self.edit("sleep", "0\n")
        code, out, err = self.run_tree()
        self.assertEqual(code, 0, out + err)
        self.edit("sleep", "30\n")
        self.assertEqual(toy.checksum(self.tree), before)

    def slow(self):
        self.edit("sleep", "30\n")
        return toy.checksum(self.tree)

    def test_kill_9_in_the_build(self):
        before = self.slow()
        self.kill_while(".mmkunit-building")
        self.assert_next_run_works(before)

    def test_kill_9_at_any_moment(self):
        before = self.slow()
        for tenth in range(10):
            child = self.start("run", "--tree", self.tree)
            time.sleep(0.03 * tenth)
            child.kill()
            child.communicate()
        self.assert_next_run_works(before)

    def test_kill_9_leaves_no_child(self):
        self.slow()
        self.kill_while(".mmkunit-building")
        for _ in range(60):
            if not self.running():
                return
            time.sleep(0.1)
        self.fail(f"still running: {self.running()}")

    def running(self):
        """Command lines of processes that work in this toy."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                    line = file.read().replace("\0", " ")
            except OSError:
                continue
            if self.top in line:
                found.append(line)
        return found

    def test_ctrl_c(self):
        before = self.slow()
        code, err = self.kill_while(".mmkunit-building", signal.SIGINT)
        self.assertEqual((code, err), (130, "mmkunit: interrupted by SIGINT\n"))
        self.assertEqual(self.running(), [])
        self.assert_next_run_works(before)

    def test_stage_that_was_killed_is_repaired(self):
        with mock.patch.dict(os.environ, self.env), mock.patch("builtins.print"):
            tree = trees.find(self.tree)
            real, left = os.symlink, 3

            def symlink(text, name):
                nonlocal left
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
                real(text, name)

            with mock.patch.object(stage.os, "symlink", symlink):
                with self.assertRaises(KeyboardInterrupt):
                    stage.prepare(tree, stage.laid_over(tree, self.project)[0])
            path = stage.prepare(tree, stage.laid_over(tree, self.project)[0])
        for name in toy.TREE:
            self.assertTrue(os.path.exists(os.path.join(path, name)), name)

    def test_second_run_waits_and_says_for_whom(self):
        self.edit("sleep", "1\n")
        first = self.start("run", "--tree", self.tree)
        time.sleep(0.6)
        code, _, err = self.run_tree()
        first.communicate()
        self.assertEqual((first.returncode, code), (0, 0))
        self.assertIn("waiting: the cache", err)
        self.assertIn(f"pid {first.pid}", err)

    def test_stump_of_an_object_is_built_again(self):
        self.run_tree()
        base = self.path("cache/mmkunit/build")
        base = os.path.join(base, os.listdir(base)[0], "x86_64")
        toy.lay(base, {".mmkunit-building": "", "mm/stump.o": "", "mm/.whole.o.cmd": ""})
        toy.lay(base, {"mm/whole.o": ""})
        os.utime(os.path.join(base, "mm/.whole.o.cmd"))
        self.run_tree()
        self.assertFalse(os.path.exists(os.path.join(base, "mm/stump.o")))
        self.assertTrue(os.path.exists(os.path.join(base, "mm/whole.o")))


class NamedTrees(toy.Named):
    def test_fetched_once(self):
        code, out, err = self.mmkunit("run", "--tree", "6.1")
        self.assertEqual(code, 0, out + err)
        self.assertIn("download linux-source-6.1 6.1.7-1", out)
        self.stub("apt-get", "exit 1")
        code, out, err = self.mmkunit("run", "--tree", "6.1")
        self.assertEqual(code, 0, out + err)
        self.assertNotIn("download", out)
        self.assertIn("6.1      6.1.7 in the cache", self.mmkunit("trees")[1])

    def port(self, was):
        toy.lay(self.project, {"ports/6.1/x86-more.patch": (
            "x86: have more\n\nBecause.\n---\n--- a/arch/x86_64/more.c\n+++ b/arch/x86_64/more.c\n"
            f"@@ -1 +1 @@\n-{was}\n+int more;\n")})
        toy.lay(self.tree, {"arch/x86_64/more.c": "int less;\n"})

    def staged(self, key):
        with open(self.path(f"cache/mmkunit/stage/{key}/arch/x86_64/more.c"),
                  encoding="utf-8") as file:
            return file.read()

    def test_port_is_applied_in_the_stage_alone(self):
        self.port("int less;")
        code, out, err = self.mmkunit("run", "--tree", "6.1")
        self.assertEqual(code, 0, out + err)
        self.assertIn("ports/6.1/x86-more.patch is applied to the stage: arch/x86_64/more.c", out)
        self.assertEqual(self.staged("6.1-6.1.7"), "int more;\n")
        path = self.path("cache/mmkunit/trees/6.1-6.1.7/arch/x86_64/more.c")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "int less;\n")
        out = self.mmkunit("run", "--tree", "6.1", "--no-port")[1]
        self.assertNotIn("is applied", out)
        self.assertEqual(self.staged("6.1-6.1.7-no-port"), "int less;\n")
        self.assertNotIn("objects", self.mmkunit("run", "--tree", "6.1")[1])

    def test_tree_by_path_has_no_port(self):
        self.port("int less;")
        self.assertNotIn("is applied", self.mmkunit("run", "--tree", self.tree)[1])

    def test_port_that_does_not_apply(self):
        self.port("int other;")
        code, _, err = self.mmkunit("run", "--tree", "6.1")
        self.assertEqual(code, 2)
        self.assertIn("ports/6.1/x86-more.patch does not apply to 6.1.7: adapt it, or leave it out "
                      "with --no-port", err)

    def test_truncated_download(self):
        self.stub("apt-cache", 'printf "Version: 6.1.7-1\\nSize: 800\\n"')
        code, _, err = self.mmkunit("run", "--tree", "6.1")
        self.assertEqual(code, 2)
        self.assertIn("the download of linux-source-6.1 6.1.7-1 failed (truncated)", err)

    def test_damaged_package(self):
        self.stub("dpkg-deb", "echo damaged; exit 2")
        code, _, err = self.mmkunit("run", "--tree", "6.1")
        self.assertEqual(code, 2)
        self.assertIn("is damaged; it is deleted, run again", err)
        self.assertEqual(os.listdir(self.path("cache/mmkunit/trees")), [])

    def test_full_disk_while_unpacking_keeps_the_package(self):
        real = shutil.which("tar")
        self.stub("tar", f'case "$*" in *-xJ*) echo "tar: x: Cannot write: No space left on device" >&2; '
                  f'exit 2;; esac; exec {real} "$@"')
        code, _, err = self.mmkunit("run", "--tree", "6.1")
        self.assertEqual(code, 2)
        self.assertRegex(err, r"no disk space: unpacking .* filled .*mmkunit: free \d+ MiB")
        self.assertEqual(os.listdir(self.path("cache/mmkunit/trees")), [])
        self.assertEqual(os.listdir(self.path("cache/mmkunit/debs")), ["linux-source-6.1_6.1.7-1_all.deb"])

    def test_full_disk_while_downloading(self):
        self.stub("apt-get", 'case "$*" in\n*print-uris*) echo "\'http://mirror/debian/dists/x/main/binary-amd64/P\' P 0" ;;\n'
                  '*download*) echo "E: Write error - write (28: No space left on device)"; exit 100 ;;\nesac')
        code, _, err = self.mmkunit("run", "--tree", "6.1")
        self.assertEqual(code, 2)
        self.assertIn("no disk space: downloading linux-source-6.1", err)

    def test_killed_unpack_leaves_nothing_half_there(self):
        toy.lay(self.path("cache/mmkunit/trees/.unpack-6.1"), {"Makefile": "half\n"})
        self.assertEqual(self.mmkunit("run", "--tree", "6.1")[0], 0)
        self.assertEqual(os.listdir(self.path("cache/mmkunit/trees")), ["6.1-6.1.7"])

    def test_no_network(self):
        self.stub("apt-cache", "exit 100")
        code, _, err = self.mmkunit("run", "--tree", "6.1")
        self.assertEqual(code, 2)
        self.assertIn("no package linux-source-6.1 for tree 6.1", err)


class Kvm(toy.Toy):
    def probe(self, script):
        self.stub("qemu-system-x86_64", script)
        with mock.patch.dict(os.environ, self.env), mock.patch.object(os, "access", return_value=True), \
             mock.patch.object(boot, "_hardware_paging", return_value=True), \
             mock.patch.object(boot.platform, "machine", return_value="x86_64"):
            os.makedirs(cache.path(), exist_ok=True)
            return boot.kvm()[0]

    def test_guest_that_answers(self):
        self.assertTrue(self.probe("exit 85"))

    def test_guest_that_hangs(self):
        with mock.patch.object(boot, "PROBE_SECONDS", 0.2):
            self.assertFalse(self.probe("exec sleep 30"))

    def test_guest_that_fails_and_is_remembered(self):
        self.assertFalse(self.probe("exit 1"))
        self.assertFalse(self.probe("exit 85"))

    def test_shim_drops_the_accelerators(self):
        self.stub("qemu-system-x86_64", 'printf "%s|" "$@"')
        shim = os.path.join(boot.NO_KVM, "qemu-system-x86_64")
        env = dict(self.env, PATH=boot.NO_KVM + os.pathsep + self.env["PATH"])
        code, out = process.output(
            [shim, "-m", "1024", "-accel", "kvm", "-accel", "hvf", "-accel", "tcg", "-append", "a b"],
            env=env)
        self.assertEqual((code, out), (0, "-m|1024|-accel|tcg|-append|a b|"))


if __name__ == "__main__":
    unittest.main()
