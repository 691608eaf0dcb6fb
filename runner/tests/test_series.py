# SPDX-License-Identifier: GPL-2.0
"""The series: what becomes of the overlay, patch by patch, and what is refused."""

import os
import re
import shutil
import subprocess
import sys
import unittest

from runner import series
from runner.errors import Unjudged
from runner.tests import toy

# What unifdef does with the guards, and no more.
UNIFDEF = f"""exec {sys.executable} - "$@" 3<&0 <<'EOF'
import os, sys
names, depth, hidden = {{a[2:] for a in sys.argv if a[:2] == "-U"}}, 0, []
for line in os.fdopen(3):
    words = line.split()
    if words[:1] in (["#if"], ["#ifdef"], ["#ifndef"]):
        depth += 1
        if words[0] == "#ifndef" and words[1] in names:
            hidden.append(depth)
            continue
    if words[:1] == ["#endif"]:
        depth -= 1
        if hidden[-1:] == [depth + 1]:
            hidden.pop()
            continue
    print(line, end="")
sys.exit(1)
EOF"""


def entry(name, words, depends="MMU"):
    return (f"config {name}_KUNIT_TEST\n\tbool \"KUnit tests\" if !KUNIT_ALL_TESTS\n"
            f"\tdepends on {depends}\n\tdefault KUNIT_ALL_TESTS\n\thelp\n\t  {words}\n\n"
            "\t  If unsure, say N.\n\n")


KCONFIG = ("# SPDX-License-Identifier: GPL-2.0-only\n\nconfig MM_KUNIT\n\tbool\n\n"
           + entry("TOY", "Tests that toys work,\n\t  all of them.")
           + entry("KHUGEPAGED", "Tests that khugepaged works.", "MM_KUNIT_THP # compat")
           + 'source "mm/tests/compat/Kconfig"\n')
MAKEFILE = """# SPDX-License-Identifier: GPL-2.0-only

include $(srctree)/mm/tests/compat/Makefile

obj-$(CONFIG_MM_KUNIT) += mm_kunit.o
mm_kunit-y := lib/a.o

obj-$(CONFIG_TOY_KUNIT_TEST) += \\
\ttoy_kunit.o
CFLAGS_toy_kunit.o += -DTOY
obj-$(CONFIG_OTHER_KUNIT_TEST) += other_kunit.o
"""
LIBRARY = """#include "a.h"
#include "../compat/compat.h"

#ifndef mm_kunit_a
int mm_kunit_a(void)
{
#ifdef CONFIG_A
	mm_kunit_compat_init();

	return 1;
#endif
	return 0;
}
#endif
/* compatible with nothing */
"""
PLAIN = """#include "a.h"

int mm_kunit_a(void)
{
#ifdef CONFIG_A

	return 1;
#endif
	return 0;
}
/* compatible with nothing */
"""
FILES = {
    "plan": "suite toy mm/tests/toy_kunit.c\nsuite old mm/tests/compat/old_kunit.c\n"
            "suite other mm/tests/other_kunit.c\n"
            "suite khugepaged mm/tests/khugepaged_kunit.c\n"
            "suite s390_toy arch/s390/mm/tests/s390_kunit.c\n",
    "mm/tests/Kconfig": KCONFIG.replace("config KHUGE", entry("OTHER", "Others.") + "config KHUGE"),
    "mm/tests/Makefile": MAKEFILE,
    "mm/tests/.kunitconfig": "CONFIG_KUNIT=y\nCONFIG_TOY_KUNIT_TEST=y\nCONFIG_OLD_KUNIT_TEST=y\n"
                             "CONFIG_KHUGEPAGED_KUNIT_TEST=y\n",
    "mm/tests/huge.kunitconfig": "CONFIG_KHUGEPAGED_KUNIT_TEST=y\nCONFIG_X=y\n",
    "mm/tests/lib/a.c": LIBRARY, "mm/tests/lib/a.h": "int mm_kunit_a(void);\n",
    "mm/tests/compat/Kconfig": "config MM_KUNIT_THP\n\tbool\n\n" + entry("OLD", "Old."),
    "mm/tests/compat/Makefile": "obj-$(CONFIG_OLD_KUNIT_TEST) += compat/old_kunit.o\n",
    "mm/tests/compat/compat.h": "\n", "mm/tests/compat/old_kunit.c": toy.SUITE,
    "mm/tests/khugepaged_kunit.c": toy.SUITE, "mm/tests/other_kunit.c": toy.SUITE,
    "arch/s390/mm/tests/s390_kunit.c": toy.SUITE,
    "arch/s390/mm/tests/Kconfig": entry("S390_TOY", "Tests toys of s390."),
    "arch/s390/mm/tests/Makefile": "obj-$(CONFIG_S390_TOY_KUNIT_TEST) += s390_kunit.o\n",
    "arch/s390/mm/tests/compat/x.h": "\n",
}
SECTION = "M:\tA <a@b.c>\nS:\tMaintained\n\n"
TREE = {
    "MAINTAINERS": "Maintainers List\n----------------\n\n.. note:: none\n\n"
                   + "".join(f"{name}\n{SECTION}" for name in (
                       "3C59X", "MEMORY MANAGEMENT", "MEMORY MANAGEMENT - KSM (Pages)",
                       "MEMORY MANAGEMENT - MGLRU", "MEMORY MANAGEMENT - KITES", "MEMORY MAPPING")),
    series.INDEX: "Title\n=====\n\n.. toctree::\n\t:maxdepth: 2\n\t:caption: Contents:\n\n\tstart\n"
                  "\tapi/index\n\nThis is it.\n\n\tno page\n",
    "arch/s390/Kconfig": "menu\nendmenu\n", "arch/s390/mm/Makefile": "\n",
    "mm/tests/lazy_mmu_mode_kunit.c": "theirs\n",
}


class Series(toy.Toy):
    def setUp(self):
        super().setUp()
        toy.lay(self.project, FILES)
        toy.lay(self.tree, TREE)
        os.unlink(os.path.join(self.project, "mm/tests/mm_kunit.h"))
        shutil.copytree(os.path.join(os.path.dirname(toy.RUNNER), "series"),
                        os.path.join(self.project, "series"))
        self.stub("unifdef", UNIFDEF)
        toy.lay(self.top, {"gitconfig": "[user]\n\tname = T\u00f6ne\n\temail = t@t.t\n"
                           "[commit]\n\tgpgSign = true\n[format]\n\tnumbered = false\n"})
        self.env = {k: v for k, v in self.env.items() if not k.startswith("GIT_")}
        self.env.update(GIT_CONFIG_GLOBAL=self.path("gitconfig"), GIT_CONFIG_NOSYSTEM="1",
                        GIT_DIR=self.path("nowhere"))
        self.out = self.path("out")

    def series(self, *more):
        return self.mmkunit("series", "--tree", self.tree, "--output", self.out, *more)

    def refused_series(self, because):
        self.refused("series", "--tree", self.tree, "--output", self.out, because=because)
        self.assertFalse(os.path.isdir(self.out) and os.listdir(self.out))

    def made(self):
        """[the text of each patch]"""
        code, out, err = self.series()
        self.assertEqual((code, err), (0, ""), out)
        texts = []
        for name in sorted(os.listdir(self.out)):
            with open(os.path.join(self.out, name), encoding="utf-8") as file:
                texts.append(file.read())
        return texts

    def git(self, *words):
        env = {k: v for k, v in self.env.items() if not k.startswith("GIT_")}
        return subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words],
                              cwd=self.path("applied"), env=env, text=True, check=True,
                              stdin=subprocess.DEVNULL, capture_output=True).stdout

    def apply(self):
        """Apply the patches to a copy of the tree; [files of each patch]."""
        shutil.copytree(self.tree, self.path("applied"))
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "base")
        self.git("am", "-q", *sorted(os.path.join(self.out, n) for n in os.listdir(self.out)
                                     if n.endswith(".patch")))
        return [block.split() for block in self.git(
            "log", "--reverse", "--format=%x00", "--name-only").split("\0")[2:]]

    def applied(self, name, at="HEAD"):
        return self.git("show", f"{at}:{name}")


class Whole(Series):
    def test_one_patch_a_suite_and_the_tree_is_left_alone(self):
        before = toy.checksum(self.tree), toy.checksum(self.project)
        self.made()
        self.assertEqual((toy.checksum(self.tree), toy.checksum(self.project)), before)
        self.assertEqual([re.sub(r"^\d+-(.*)\.(?:patch|txt)$", r"\1", n) for n in sorted(os.listdir(self.out))],
                         ["cover-letter", "mm-kunit-add-a-library-for-suites-about-several-mms",
                          "mm-kunit-add-suite-toy", "mm-kunit-add-suite-other",
                          "mm-kunit-add-suite-khugepaged", "s390-mm-add-KUnit-suite-s390_toy",
                          "Documentation-kunit-describe-the-mm-suites"])
        self.assertEqual([[name for name in step if name != "MAINTAINERS"]
                          for step in self.apply()], [
            ["mm/Kconfig", "mm/Makefile", "mm/tests/Kconfig", "mm/tests/Makefile",
             "mm/tests/lib/a.c", "mm/tests/lib/a.h"],
            ["mm/tests/.kunitconfig", "mm/tests/Kconfig", "mm/tests/Makefile",
             "mm/tests/toy_kunit.c"],
            ["mm/tests/Kconfig", "mm/tests/Makefile", "mm/tests/other_kunit.c"],
            ["mm/khugepaged.c", "mm/tests/.kunitconfig", "mm/tests/Kconfig",
             "mm/tests/huge.kunitconfig", "mm/tests/khugepaged_kunit.c"],
            ["arch/s390/Kconfig", "arch/s390/mm/Makefile", "arch/s390/mm/tests/Kconfig",
             "arch/s390/mm/tests/Makefile", "arch/s390/mm/tests/s390_kunit.c"],
            [series.INDEX, series.PAGE]])

    def test_nothing_of_older_trees_is_left(self):
        self.made()
        self.apply()
        self.assertEqual(self.applied("mm/tests/lib/a.c"), PLAIN)
        self.assertEqual(self.applied("mm/tests/Makefile"), MAKEFILE.replace(
            "include $(srctree)/mm/tests/compat/Makefile\n\n", ""))
        self.assertEqual(self.applied("mm/tests/.kunitconfig"),
                         "CONFIG_KUNIT=y\nCONFIG_TOY_KUNIT_TEST=y\nCONFIG_KHUGEPAGED_KUNIT_TEST=y\n")
        self.assertTrue(self.applied("mm/khugepaged.c").endswith(
            '\n#ifdef CONFIG_KHUGEPAGED_KUNIT_TEST\n#include "tests/khugepaged_kunit.c"\n#endif\n'))
        for name in self.git("ls-files", "mm/tests", "arch/s390/mm").split():
            self.assertNotRegex(name + self.applied(name), r"\bcompat\b")
        self.assertEqual(self.applied("mm/tests/lazy_mmu_mode_kunit.c"), "theirs\n")

    def test_the_lists_grow_patch_by_patch(self):
        self.made()
        self.apply()
        for at, names in ((5, []), (4, ["TOY"]), (3, ["TOY", "OTHER"]),
                          (2, ["TOY", "OTHER", "KHUGEPAGED"])):
            text = self.applied("mm/tests/Kconfig", f"HEAD~{at}")
            self.assertEqual(re.findall(r"^config (\w+)_KUNIT_TEST$", text, re.M), names)
            self.assertFalse(text.endswith("\n\n"))
        makefile = self.applied("mm/tests/Makefile", "HEAD~5")
        self.assertTrue(makefile.endswith("\nmm_kunit-y := lib/a.o\n"), makefile)
        self.assertIn("-DTOY", self.applied("mm/tests/Makefile", "HEAD~4"))

    def test_words(self):
        texts = self.made()
        self.assertIn("Subject: [PATCH 0/6] mm: KUnit suites", texts[0])
        self.assertRegex(texts[0], r"4 suites with\s+8 cases")
        self.assertNotIn("***", texts[0])
        self.assertIn("Subject: [PATCH 2/6] mm/kunit: add suite toy\n", texts[2])
        self.assertIn("\n\nTests that toys work, all of them.\n\ntoy has 2 cases, and runs", texts[2])
        self.assertNotIn("If unsure", texts[2].split("---")[0])
        for text in texts[1:]:
            self.assertIn("\nSigned-off-by: T\u00f6ne <t@t.t>\n---\n", text)
        self.apply()
        self.assertIn("\tapi/index\n\tmm\n\nThis is it.", self.applied(series.INDEX))
        self.assertIn("``toy``\n    Tests that toys work, all of them.\n\n``other``",
                      self.applied(series.PAGE))
        maintainers = self.applied("MAINTAINERS")
        self.assertIn("- KSM (Pages)\n" + SECTION + "MEMORY MANAGEMENT - KUNIT SUITES\nM:\tT\u00f6ne "
                      "<t@t.t>\n", maintainers)
        self.assertIn("F:\tmm/tests/lib/\n", maintainers)
        self.assertIn("F:\tmm/tests/toy_kunit.c\n\nMEMORY MANAGEMENT - MGLRU\n", maintainers)

    def test_a_user_whom_git_does_not_know(self):
        self.edit("gitconfig", "", self.top)
        self.assertIn("\nSigned-off-by: mmkunit <mmkunit@localhost>\n", self.made()[1])

    @unittest.skipUnless(shutil.which("unifdef"), "unifdef is not here")
    def test_the_real_unifdef(self):
        os.unlink(self.path("bin/unifdef"))
        self.made()
        self.apply()
        self.assertEqual(self.applied("mm/tests/lib/a.c"), PLAIN)


class Refused(Series):
    def test_places_that_are_no_place(self):
        toy.lay(self.out, {"old.patch": "\n"})
        self.refused("series", "--tree", self.tree, "--output", self.out, because="is not empty")
        self.refused("series", "--tree", self.tree, "--output", os.path.join(self.tree, "out"),
                     because="is inside the tree")
        self.refused("series", "--tree", self.tree, "--output", self.path("gitconfig"),
                     because="is no directory")
        self.refused("series", "--tree", self.tree, because="required: --output")
        self.assertFalse(os.path.exists(os.path.join(self.tree, "out")))

    def test_trees_that_are_no_tree(self):
        self.refused("series", "--tree", "6.1", "--output", self.out, because="not for 6.1")
        self.refused("series", "--tree", self.path("bin"), "--output", self.out,
                     because="is no kernel tree")
        for name in ("MAINTAINERS", series.INDEX, "arch/s390/Kconfig"):
            os.rename(os.path.join(self.tree, name), self.path("kept"))
            self.refused_series(f"{name} is missing")
            os.rename(self.path("kept"), os.path.join(self.tree, name))
        self.edit("mm/tests/Kconfig", "config THEIRS\n")
        self.refused_series("mm/tests/Kconfig is in the way")
        os.unlink(os.path.join(self.tree, "mm/tests/Kconfig"))
        self.mmkunit("graft", self.tree)
        self.refused_series("is grafted")

    def test_lines_that_cannot_be_dropped(self):
        for text, number in (("#ifdef compat\n#endif\n", 1), ("int a;\nf(compat(a),\n  b);\n", 2),
                             ("/* of compat,\n * and so on */\n", 1)):
            self.edit("mm/tests/lib/a.c", text, self.project)
            self.refused_series(f"mm/tests/lib/a.c:{number}: this line cannot be dropped")
        self.edit("mm/tests/lib/a.c", LIBRARY, self.project)
        self.edit("mm/tests/Makefile", MAKEFILE + "x := compat \\\n y\n", self.project)
        self.refused_series("this line cannot be dropped")

    def test_what_only_compat_defines(self):
        text = FILES["mm/tests/Kconfig"].replace(" # compat", "")
        self.edit("mm/tests/Kconfig", text, self.project)
        self.refused_series("mm/tests/Kconfig asks for MM_KUNIT_THP, a symbol of compat/")

    def test_a_suite_without_an_entry(self):
        self.edit("mm/tests/Kconfig", KCONFIG, self.project)
        self.refused_series("no entry with a help text for OTHER_KUNIT_TEST")
        os.unlink(os.path.join(self.project, "mm/tests/other_kunit.c"))
        self.refused_series("mm/tests/other_kunit.c does not exist")

    def test_a_template_that_asks_for_what_nobody_knows(self):
        self.edit("series/cover-letter", "subject\n@nothing@\n", self.project)
        self.refused_series("nobody knows what @nothing@ is")
        os.unlink(self.path("project/series/cover-letter"))
        self.refused_series("series/cover-letter is missing")

    def test_tools_that_fail_or_are_missing(self):
        self.stub("unifdef", "echo 'unifdef: bad file' >&2; exit 2")
        self.refused_series("unifdef cannot read it: unifdef: bad file")
        self.without("unifdef", MMKUNIT_NO_INSTALL="1")
        self.stub("apt-cache", "echo Package: it")
        self.refused_series("missing for this command: unifdef; as root: apt-get install")


class Parts(unittest.TestCase):
    def test_place(self):
        text = TREE["MAINTAINERS"]
        for title, before in (("AARDVARK", "MEMORY MANAGEMENT\n"), ("MEMORY MANAGEMENT - Z", "MEMORY MAPPING"),
                              ("MEMORY MANAGEMENT - A", "MEMORY MANAGEMENT - KSM")):
            self.assertTrue(text[series.place(text, title):].startswith(before), title)
        with self.assertRaisesRegex(Unjudged, "no sections"):
            series.place("nothing\n", "A")

    def test_empty_lines_do_not_pile_up(self):
        lines = ["a", "", "X", "", "b {", "X", "", "\tc", "", "X", "}", "", "X"]
        self.assertEqual(series._kept(lines, [line != "X" for line in lines]),
                         "a\n\nb {\n\tc\n}\n")


if __name__ == "__main__":
    unittest.main()
