# SPDX-License-Identifier: GPL-2.0
"""A toy kernel tree, a toy overlay and stub tools: a whole run in under a second.

The toy's kbuild is real make with a few rules, its kunit.py prints the file `console`.  A file
`sleep` makes both slow, `dropped` names symbols that Kconfig drops.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

RUNNER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STUBS = ("gcc", "ld", "flex", "bison", "bc", "perl", "xz", "cmp", "qemu-system-x86_64", "dpkg-deb",
         "apt-get", "apt-cache", "sudo")

MAKEFILE = """VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 7
EXTRAVERSION =
S := $(CURDIR)
allnoconfig:
	@mkdir -p $(O); touch $(S)/dropped.none
	@grep -hv '^#' $(KCONFIG_ALLCONFIG) | grep -vxFf $(S)/dropped > $(O)/.config; true
$(O)/hugetlb.o: mm/hugetlb.c mm/toy.h mm/tests/toy_kunit.c
	@echo "  CC      mm/hugetlb.o"
	@if grep -n BROKEN mm/hugetlb.c; then echo "mm/hugetlb.c:1:2: error: BROKEN is no C"; exit 1; fi
	@if grep -q BROKEN mm/tests/toy_kunit.c; then \\
	 echo "$(S)/mm/tests/toy_kunit.c:3:1: error: no such thing"; exit 1; fi
	@sleep $$(cat sleep); touch $@
vmlinux: $(O)/hugetlb.o
	@touch $(O)/vmlinux
""".replace("; touch $(S)/dropped.none", "")

KUNIT = """import os, sys, time
root = os.path.realpath(__file__).split("tools/testing/kunit")[0]
assert os.path.exists(root + "mm/tests/toy_kunit.c"), "kunit.py left the stage"
time.sleep(float(open(root + "sleep").read()))
print(open(root + "console").read())
"""

CONSOLE = """Linux version 6.1.7
KTAP version 1
1..1
    KTAP version 1
    # Subtest: toy
    1..2
    ok 1 first_works
    ok 2 second_works
ok 1 toy
"""

TREE = {
    "Makefile": MAKEFILE, "Kconfig": 'source "mm/Kconfig"\n', "console": CONSOLE, "sleep": "0\n",
    "dropped": "CONFIG_NOTHING=y\n",
    "mm/Makefile": "obj-y := hugetlb.o\n", "mm/hugetlb.c": "int huge;\n", "mm/toy.h": "\n",
    "mm/khugepaged.c": "int revalidate;\n",
    "mm/Kconfig": 'menu "mm"\nmenu "slab"\nendmenu # slab\n\nconfig MMU\n\tbool\n\nendmenu\n',
    "lib/kunit/executor.c": "/* kunit_shutdown */\n",
    "tools/testing/kunit/kunit.py": KUNIT, "tools/testing/kunit/kunit_kernel.py": "\n",
    "tools/testing/kunit/qemu_configs/x86_64.py": "\n",
}
SUITE = """static void first_works(struct kunit *test) {}
static void second_works(struct kunit *test) {}
static struct kunit_case cases[] = {
	KUNIT_CASE(first_works),
	KUNIT_CASE(second_works),
	{}
};
"""
OVERLAY = {
    "mm/tests/toy_kunit.c": SUITE, "mm/tests/mm_kunit.h": "\n",
    "mm/tests/Kconfig": "config TOY_KUNIT_TEST\n\tbool\n\nsource \"mm/tests/compat/Kconfig\"\n",
    "mm/tests/compat/Kconfig": "config MM_KUNIT_ODD\n\tbool\n",
    "mm/tests/Makefile": "obj-y += toy_kunit.o\n", "mm/tests/.kunitconfig": "CONFIG_KUNIT=y\n",
    ".kunitconfig": "CONFIG_KUNIT=y\nCONFIG_TOY_KUNIT_TEST=y\n",
    "plan": "suite toy mm/tests/toy_kunit.c\n",
}


def lay(root, files):
    """Write {path: text} under @root."""
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def checksum(root):
    """One digest of every name, type, mode and content under @root."""
    digest = hashlib.sha256()
    for folder, folders, names in sorted(os.walk(root)):
        for name in sorted(folders + names):
            path = os.path.join(folder, name)
            digest.update(f"{os.path.relpath(path, root)} {os.lstat(path).st_mode}".encode())
            if os.path.islink(path):
                digest.update(os.readlink(path).encode())
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    digest.update(file.read())
    return digest.hexdigest()


class Toy(unittest.TestCase):
    """A fresh tree, overlay, cache and PATH for each test."""

    def setUp(self):
        self.top = os.path.realpath(tempfile.mkdtemp(prefix="mmkunit-toy-"))
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        self.tree, self.project = self.path("tree"), self.path("project")
        lay(self.tree, TREE)
        lay(self.project, OVERLAY)
        os.symlink(RUNNER, os.path.join(self.project, "runner"))
        shutil.copy(os.path.join(os.path.dirname(RUNNER), "mmkunit"), self.project)
        for name in STUBS:
            self.stub(name, "exit 0")
        self.env = dict(os.environ, XDG_CACHE_HOME=self.path("cache"),
                        PATH=self.path("bin") + os.pathsep + os.environ["PATH"])

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    def stub(self, name, script):
        """Put a tool called @name first on PATH."""
        lay(self.path("bin"), {name: f"#!/bin/sh\n{script}\n"})
        os.chmod(self.path("bin", name), 0o755)

    def without(self, tool, **more):
        """A PATH that has all but @tool; apt-get that mends nothing."""
        os.unlink(self.path("bin", tool))
        for name in ("make", "sh", "env", "grep", "sleep", "cat", "touch", "mkdir", "find", "git",
                     "bash", "python3"):
            os.symlink(next(os.path.join(d, name) for d in os.environ["PATH"].split(os.pathsep)
                            if os.path.exists(os.path.join(d, name))), self.path("bin", name))
        self.env.update(PATH=self.path("bin"), **more)

    def edit(self, name, text, root=None):
        lay(root or self.tree, {name: text})

    def start(self, *arguments):
        """Popen of mmkunit, which heeds signals even if we run under nohup or in the background."""
        def heed():
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)

        command = [sys.executable, os.path.join(self.project, "mmkunit"), *arguments]
        return subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heed)

    def mmkunit(self, *arguments):
        """(exit code, stdout, stderr)"""
        child = self.start(*arguments)
        out, err = child.communicate(timeout=60)
        self.assertNotIn("Traceback", out + err)
        return child.returncode, out, err

    def run_tree(self, *arguments):
        return self.mmkunit("run", "--tree", self.tree, *arguments)

    def refused(self, *arguments, because):
        """The command exits 2 with one line on stderr that says @because."""
        code, out, err = self.mmkunit(*arguments)
        self.assertEqual(code, 2, out + err)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertTrue(err.startswith("mmkunit: "), err)
        self.assertIn(because, err)
        return err

    def kill_while(self, name, number=signal.SIGKILL, *arguments):
        """Start a run, send it @number once @name exists in the cache; (exit code, stderr)."""
        child = self.start("run", "--tree", self.tree, *arguments)
        for _ in range(500):
            if any(name in names for _, _, names in os.walk(self.path("cache"))):
                break
            time.sleep(0.01)
        else:
            self.fail(f"{name} never came")
        child.send_signal(number)
        _, err = child.communicate(timeout=30)
        return child.returncode, err


class Named(Toy):
    """A toy that has its tree by name, from stubs of apt-get, apt-cache and dpkg-deb."""

    def setUp(self):
        super().setUp()
        self.stub("apt-get", 'case "$*" in\n'
                  '*print-uris*) echo "\'http://mirror/debian/dists/x/main/binary-amd64/P\' P 0" ;;\n'
                  '*download*) echo package > linux-source-6.1_6.1.7-1_all.deb ;;\nesac')
        self.offer("6.1.7-1")
        # The real tar unpacks what "dpkg-deb" hands it: a package made of the toy.
        self.stub("dpkg-deb", f"cd {self.top} && tar -cJf linux-source-6.1.tar.xz "
                  "--transform s,^tree,linux-source-6.1, tree && tar -c --transform "
                  '"s,^,./usr/src/," linux-source-6.1.tar.xz')
        os.unlink(self.path("bin/xz"))

    def offer(self, *versions):
        """Have the mirror offer these versions of linux-source-6.1."""
        text = "\\n".join(f"Version: {version}\\nSize: 8\\n" for version in versions)
        self.stub("apt-cache", f'printf "{text}"')

    def move(self, version, console):
        """The mirror moves on: to @version, e.g. "6.1.8", which prints @console."""
        self.edit("Makefile", MAKEFILE.replace("SUBLEVEL = 7", f"SUBLEVEL = {version[4:]}"))
        self.edit("console", console)
        self.offer(f"{version}-1")
