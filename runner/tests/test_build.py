# SPDX-License-Identifier: GPL-2.0
"""Builds: what reaches make, what a build directory stands for, and what the compiler said."""

import os
import signal
import time
import unittest

from runner import build
from runner.tests import toy

# All that kbuild, make and the compilers would read out of the caller's environment.
KBUILD = {"LLVM": "1", "LLVM_IAS": "0", "KCFLAGS": "-O1", "KAFLAGS": "-g", "KCPPFLAGS": "-DX",
          "KBUILD_VERBOSE": "1", "KBUILD_OUTPUT": "/x", "KBUILD_BUILD_HOST": "h",
          "GNUMAKEFLAGS": "-n", "MAKEFLAGS": "n", "MAKEFILES": "/x", "CC": "clang", "LD": "ld.lld",
          "HOSTCC": "clang", "HOSTCFLAGS": "-g", "INSTALL_MOD_PATH": "/x", "LOCALVERSION": "-x",
          "SUBARCH": "um", "CPATH": "/x", "C_INCLUDE_PATH": "/x", "CHECK": "sparse", "W": "1",
          "srctree": "/x", "CFLAGS_KERNEL": "-g", "LDFLAGS_vmlinux": "-g", "ARCH": "arm"}


class Builds(toy.Toy):
    def folders(self):
        """The build directories of the one tree."""
        top = self.path("cache/mmkunit/build")
        tree, = os.listdir(top)
        return [os.path.join(top, tree, name) for name in sorted(os.listdir(os.path.join(top, tree)))]


class Probes(Builds):
    """A Kconfig file of the overlay asks the shell about the tree."""

    def test_every_probe_is_found(self):
        text = ("config A\n\tdef_bool B && $(success,grep -q 'f(int a)' $(srctree)/x)\n"
                "\tdef_bool $(success,a) && $(success,b)\n")
        self.assertEqual(build.probes(text), ["grep -q 'f(int a)' $(srctree)/x", "a", "b"])

    def test_another_answer_is_another_configuration(self):
        for name in ("mm/tests/compat/Kconfig", "mm/tests/lib/Kconfig"):
            self.edit(name, "config MM_KUNIT_ODD\n"
                      "\tdef_bool $(success,grep -q odd $(srctree)/mm/hugetlb.c)\n", self.project)
            self.edit("mm/hugetlb.c", "int huge;\n")
            self.assertIn("configure", self.run_tree()[1])
            self.edit("mm/hugetlb.c", "int huger;\n")
            self.assertNotIn("configure", self.run_tree()[1])
            self.edit("mm/hugetlb.c", "int odd;\n")
            self.assertIn("configure", self.run_tree()[1])
            self.edit(name, "config MM_KUNIT_ODD\n", self.project)


class Environment(Builds):
    def setUp(self):
        super().setUp()
        self.edit("Makefile", toy.MAKEFILE.replace("vmlinux: ", "vmlinux: FORCE ") + "\t@env > $(O)/env\nFORCE:\n")

    def test_nothing_that_changes_a_build_reaches_make(self):
        self.env.update(KBUILD, CCACHE_DIR="/ccache", http_proxy="x")
        code, out, err = self.run_tree()
        self.assertEqual((code, err), (0, ""), out)
        folder, = self.folders()
        with open(os.path.join(folder, "env"), encoding="utf-8") as file:
            seen = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
        for name, value in KBUILD.items():
            self.assertNotEqual(seen.get(name), value, name)
        self.assertEqual((seen["CCACHE_DIR"], seen["LC_ALL"]), ("/ccache", "C"))
        note, = [line for line in out.splitlines() if line.startswith("note: ")]
        self.assertIn("LLVM", note)
        self.assertIn("KCFLAGS", note)
        self.assertIn("--make_options", note)

    def test_nothing_is_said_of_a_plain_environment(self):
        for name in KBUILD:
            self.env.pop(name, None)
        self.assertNotIn("note", self.run_tree()[1])

    def test_cross_compile_has_a_build_of_its_own(self):
        self.run_tree()
        self.run_tree("--", "--cross_compile=x-")
        self.run_tree("--", "--cross_compile=y-")
        self.run_tree("--", "--make_options=KCFLAGS=-O1")
        self.run_tree("--", "--kconfig_add=CONFIG_A=y", "--make_options=KCFLAGS=-O1")
        self.assertEqual(len(self.folders()), 5)


class Warnings(Builds):
    """The toy's compiler says what stands behind WARN in the overlay's source."""

    def setUp(self):
        super().setUp()
        rule = ("$(O)/mm/tests/toy_kunit.o: mm/tests/toy_kunit.c\n"
                "\t@echo '  CC      mm/tests/toy_kunit.o'\n"
                "\t@sed -n 's,.*WARN \\(.*\\) \\*/,$(S)/mm/tests/toy_kunit.c:1:2: warning: \\1,p' $<\n"
                "\t@mkdir -p $(O)/mm/tests; touch $@; touch $(O)/mm/tests/.toy_kunit.o.cmd\n")
        self.edit("Makefile", toy.MAKEFILE.replace("vmlinux: ", rule + "vmlinux: $(O)/mm/tests/toy_kunit.o "))

    def warn(self, words):
        time.sleep(0.02)
        self.edit("mm/tests/toy_kunit.c", toy.SUITE + (f"/* WARN {words} */\n" if words else ""),
                  self.project)

    def warnings(self):
        code, out, err = self.run_tree()
        self.assertEqual(code, 0, out + err)
        return [line for line in out.splitlines() if "warning" in line]

    def test_told_by_every_run_until_it_is_mended(self):
        self.warn("unused x")
        said = ["warning in the overlay: mm/tests/toy_kunit.c:1:2: warning: unused x"]
        self.assertEqual(self.warnings(), said)
        self.assertEqual(self.warnings(), said)
        time.sleep(0.02)
        self.edit("mm/hugetlb.c", "int huger;\n")        # another object is no excuse
        self.assertEqual(self.warnings(), said)
        self.warn("unused y")
        self.assertEqual(self.warnings(), [said[0].replace("x", "y")])
        self.warn("")
        self.assertEqual((self.warnings(), self.warnings()), ([], []))

    def test_forgotten_with_its_file(self):
        rule = ("$(O)/mm/tests/gone.o: mm/tests/gone.c\n\t@mkdir -p $(O)/mm/tests\n"
                "\t@echo '  CC      mm/tests/gone.o'; touch $@\n"
                "\t@echo '$(S)/mm/tests/gone.c:1:2: warning: unused x'\n")
        self.edit("mm/tests/gone.c", "int x;\n", self.project)
        self.edit("Makefile", toy.MAKEFILE.replace("vmlinux: ", rule + "vmlinux: $(O)/mm/tests/gone.o "))
        self.assertEqual((len(self.warnings()), len(self.warnings())), (1, 1))
        os.unlink(os.path.join(self.project, "mm/tests/gone.c"))
        self.edit("Makefile", toy.MAKEFILE)
        self.assertEqual(self.warnings(), [])

    def test_told_after_a_build_that_failed(self):
        self.warn("unused x")
        self.edit("mm/hugetlb.c", "BROKEN\n")
        self.assertEqual(self.run_tree("--", "--jobs=1")[0], 2)
        time.sleep(0.02)
        self.edit("mm/hugetlb.c", "int mended;\n")
        self.assertEqual(len(self.warnings()), 1)

    def test_told_after_a_build_that_was_killed(self):
        self.warn("unused x")
        self.edit("sleep", "3\n")
        self.kill_while(".toy_kunit.o.cmd", signal.SIGKILL, "--", "--jobs=1")
        self.edit("sleep", "0\n")
        self.assertEqual(len(self.warnings()), 1)


if __name__ == "__main__":
    unittest.main()
