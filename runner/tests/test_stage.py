# SPDX-License-Identifier: GPL-2.0
"""The stage of trees as people have them: unreadable, changing, with builds and git inside."""

import os
import subprocess
import time
import unittest
from unittest import mock

from runner import stage, trees
from runner.tests import toy


class Stage(toy.Toy):
    """Stages of the toy by hand, so that what the system says can be replaced."""

    def setUp(self):
        super().setUp()
        patcher = mock.patch.dict(os.environ, self.env)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.said = []
        for target, new in (("builtins.print", lambda *words, **_: self.said.append(" ".join(words))),):
            patcher = mock.patch(target, new)
            patcher.start()
            self.addCleanup(patcher.stop)
        toy.lay(self.tree, {"mm/secret/x.c": "int x;\n", ".git/objects/a": "", "lib/b.c": "int b;\n"})

    def prepare(self):
        tree = trees.find(self.tree)
        return stage.prepare(tree, stage.laid_over(tree, self.project)[0])

    def unreadable(self, name):
        """os.scandir and find fail for the directory @name, as they do but for root."""
        path, real = os.path.join(self.tree, name), os.scandir

        def scandir(where="."):
            if os.fspath(where) == path:
                raise PermissionError(13, "Permission denied", path)
            return real(where)
        find = next(os.path.join(d, "find") for d in os.environ["PATH"].split(os.pathsep)
                    if os.path.exists(os.path.join(d, "find")))
        self.stub("find", f'{find} "$@" ; echo "find: \'{path}\': Permission denied" >&2; exit 1')
        return mock.patch.object(stage.os, "scandir", scandir)

    def test_unreadable_directory_is_left_out_and_told(self):
        with self.unreadable("mm/secret"):
            for _ in range(2):
                self.said.clear()
                path = self.prepare()
                self.assertIn("note: mm/secret cannot be read and is left out (Permission denied)",
                              self.said)
        self.assertFalse(os.path.exists(os.path.join(path, "mm/secret/x.c")))
        time.sleep(0.02)
        self.stub("find", f'exec {self.find()} "$@"')
        self.prepare()
        self.assertTrue(os.path.exists(os.path.join(path, "mm/secret/x.c")))

    def find(self):
        return subprocess.run(["bash", "-c", "type -P -a find"], capture_output=True, text=True,
                              env=os.environ, check=True).stdout.split()[-1]

    def test_unreadable_directory_that_is_not_staged(self):
        with self.unreadable(".git"):
            self.prepare()
            self.prepare()

    def test_find_that_really_fails(self):
        self.prepare()
        self.stub("find", "echo 'find: unknown predicate' >&2; exit 1")
        with self.assertRaisesRegex(Exception, "find: unknown predicate"):
            self.prepare()

    def test_git_is_not_looked_through(self):
        self.prepare()
        self.stub("find", f'{self.find()} "$@" > {self.path("found")}; cat {self.path("found")}')
        time.sleep(0.02)
        self.edit(".git/objects/b", "new\n")
        self.edit("mm/hugetlb.c", "int huger;\n")
        self.prepare()
        with open(self.path("found"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn("mm/hugetlb.c", text)
        self.assertNotIn(".git", text)

    def test_git_file_of_a_worktree_is_not_staged(self):
        os.rename(os.path.join(self.tree, ".git"), self.path("git"))
        self.edit(".git", "gitdir: " + self.path("git") + "\n")
        self.assertFalse(os.path.lexists(os.path.join(self.prepare(), ".git")))

    def test_files_that_go_away_meanwhile(self):
        os.symlink("hugetlb.c", os.path.join(self.tree, "mm/link.c"))
        self.edit("tools/testing/kunit/.tmp", "")
        real, readlink, opened = os.scandir, os.readlink, open

        def gone(path, *_, **__):
            if "link.c" in os.fspath(path):
                raise FileNotFoundError(2, "No such file or directory", path)
            return readlink(path)

        def no_file(path, *arguments, **more):
            if isinstance(path, str) and path.endswith("kunit/.tmp"):
                raise FileNotFoundError(2, "No such file or directory", path)
            return opened(path, *arguments, **more)

        def scandir(where="."):
            if os.fspath(where) == os.path.join(self.tree, "lib"):
                raise FileNotFoundError(2, "No such file or directory", where)
            return real(where)
        with mock.patch.object(stage.os, "readlink", gone), mock.patch("builtins.open", no_file), \
             mock.patch.object(stage.os, "scandir", scandir):
            path = self.prepare()
        self.assertFalse(os.path.lexists(os.path.join(path, "mm/link.c")))
        self.assertTrue(os.path.exists(os.path.join(path, "mm/hugetlb.c")))

    def test_build_directory_inside_the_tree_is_no_source(self):
        toy.lay(self.tree, {"build/um/.config": "", "build/um/include/config/auto.conf": "",
                            "build/um/mm/hugetlb.o": "", "build/notes.c": "int n;\n",
                            "out/Makefile": "include ../Makefile\n", "out/mm/hugetlb.o": ""})
        os.symlink("..", os.path.join(self.tree, "out/source"))
        path = self.prepare()
        for name in ("build/um", "out"):
            self.assertEqual(os.listdir(os.path.join(path, name)), [], name)
        self.assertTrue(os.path.exists(os.path.join(path, "build/notes.c")))

    def test_build_directory_that_comes_later(self):
        self.edit("out/notes.c", "int n;\n")
        path = self.prepare()
        self.assertEqual(os.listdir(os.path.join(path, "out")), ["notes.c"])
        time.sleep(0.02)
        toy.lay(self.tree, {"out/.config": "", "out/include/config/auto.conf": "", "out/mm/a.o": ""})
        self.prepare()
        self.assertEqual(os.listdir(os.path.join(path, "out")), [])
        self.stub("find", f'{self.find()} "$@" > {self.path("found")}; cat {self.path("found")}')
        self.edit("out/mm/b.o", "")
        self.prepare()
        with open(self.path("found"), encoding="utf-8") as file:
            self.assertNotIn("out/", file.read())


if __name__ == "__main__":
    unittest.main()
