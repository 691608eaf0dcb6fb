# SPDX-License-Identifier: GPL-2.0
"""`expect`: hold the named trees against expected/, or write down what they do today.

The table of trees in README.md is made from the same files.  With --file it is any tree, and a file
of the user's own, for `run --expect`.
"""

import os
import sys

from runner import cache, errors, expected, judge, patches, plan, trees
from runner import verdict as verdicts
from runner.errors import Unjudged

BEGIN = "<!-- made by ./mmkunit expect --update from expected/ -->\n"
END = "<!-- end -->\n"
ARCHES = (("x86_64", "x86_64"), ("um", "UML"), ("s390", "s390"))


def expect_command(root, arguments, options):
    """Judge the chosen cells; errors.FAILED if one differs from its file, or if a failure that
    was written down has no explanation yet."""
    chosen = [cell for cell in expected.CELLS if arguments.tree in (None, cell.split("/")[0])
              and arguments.arch in (None, cell.split("/")[1])]
    if arguments.file:
        cache.lock()
        return _own(root, arguments, options)
    if not chosen:
        raise Unjudged(f"no such cell: {arguments.tree or 'any tree'} on {arguments.arch}; there are "
                       f"{', '.join(expected.CELLS)}; a tree by path wants --file FILE")
    cache.lock()
    codes = []
    for cell in chosen:
        try:
            codes.append(_one(root, cell, arguments, options))
        except Unjudged as why:
            print(f"mmkunit: {cell}: {why}", file=sys.stderr, flush=True)
            codes.append(errors.UNJUDGED)
    if arguments.update:
        write_readme(root)
    return errors.FAILED if errors.FAILED in codes else max(codes)


def _one(root, cell, arguments, options):
    """Judge one cell, and write its file if that is asked for; an exit code."""
    tree = trees.find(cell.split("/")[0], refresh=arguments.refresh)
    verdict = judge.judge_cell(root, cell, tree, options)
    old = expected.read(root, cell)
    differences = expected.compare(old, verdict) if old else []
    if verdict.problems:
        verdicts.report(verdict, print)
        raise Unjudged(f"{tree.version} {verdict.arch} did not get through: {verdict.problems[0]}")
    print(f"== {cell}: {tree.version}" + (f", last seen {old.version}" if old else ", new"))
    for difference in differences:
        print(difference.text())
    if not arguments.update:
        return errors.FAILED if differences or not old else errors.PASSED
    new = expected.updated(expected.path_of(root, cell), verdict, old)
    expected.write(new)
    unexplained = [f"{suite}.{case}" for (suite, case), (status, words) in sorted(new.cases.items())
                   if status == expected.FAIL and words.startswith(expected.UNEXPLAINED)]
    for case in unexplained:
        print(f"{expected.FOLDER}/{cell}: say why {case} fails, in place of "
              f"'{expected.UNEXPLAINED.strip()}'")
    return errors.FAILED if unexplained else errors.PASSED


def _own(root, arguments, options):
    """Hold any tree against the user's own file, or write it; an exit code."""
    tree, arch = trees.find(arguments.tree or "6.1"), arguments.arch or "x86_64"
    old = expected.read_file(arguments.file) if os.path.exists(arguments.file) else None
    if not old and not arguments.update:
        raise Unjudged(f"there is no {arguments.file}: --update writes it")
    verdict = judge.judge(root, tree, arch, [], options)
    if verdict.problems:
        verdicts.report(verdict, print)
        raise Unjudged(f"{tree.version} {arch} did not get through: {verdict.problems[0]}")
    differences = expected.compare(old, verdict) if old else []
    for difference in differences:
        print(difference.text())
    if not arguments.update:
        return errors.FAILED if differences else errors.PASSED
    new = expected.updated(arguments.file, verdict, old)
    new.title = f"Linux {tree.version} was last seen to do on {arch}"
    expected.write(new)
    print(f"{arguments.file}: {_counts(new)}")
    return errors.PASSED


def table(root):
    """README's table of trees and arches, in Markdown."""
    lines = ["| tree | from | last seen | " + " | ".join(word for _, word in ARCHES) + " |",
             "|---" * (3 + len(ARCHES)) + "|"]
    for name in trees.NAMED:
        found = {arch: expected.read(root, f"{name}/{arch}") for arch, _ in ARCHES
                 if f"{name}/{arch}" in expected.CELLS}
        seen = sorted({e.version for e in found.values() if e})
        cells = [_counts(found[arch]) if arch in found else "not in `check`" for arch, _ in ARCHES]
        lines.append(f"| `{name}` | Debian {trees.NAMED[name][0]} | {', '.join(seen)} | "
                     + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _counts(found):
    """What one cell's Expected adds up to."""
    if not found:
        return "never seen"
    fails = found.count(expected.FAIL)
    return (f"{found.count(expected.PASS)} pass" + (f", {fails} fail" if fails else "")
            + f", {found.count(expected.SKIP)} skipped")


def with_table(root, text):
    """README's @text with today's table; Unjudged if it has no place for it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise Unjudged(f"README.md has no lines '{BEGIN.strip()}' and '{END.strip()}'")
    return before + BEGIN + table(root) + END + after


def write_readme(root):
    """Put today's table into README.md."""
    path = os.path.join(root, "README.md")
    cache.write_if_changed(path, with_table(root, patches.read(path)).encode())


def lint(root):
    """What is inconsistent in expected/ and in README's table of it: a list of sentences."""
    the_plan = plan.read(root)
    wrong = expected.lint(plan.cases(the_plan, root), lambda suite, cell: absent(
        the_plan, suite, cell), lambda suite: [w for _, w in the_plan.needs.get(suite, [])], root)
    text = patches.read(os.path.join(root, "README.md"))
    if with_table(root, text) != text:
        wrong.append("README.md: the table of trees is not that of expected/: run "
                     "./mmkunit expect --update")
    return wrong


def absent(the_plan, suite, cell):
    """Whether the whole @suite cannot be in @cell."""
    tree, arch, _, _ = expected.split(cell)
    return bool(the_plan.why_not(suite, f"{tree}/{arch}")
                or the_plan.suites[suite].only_arch() not in (None, arch))
