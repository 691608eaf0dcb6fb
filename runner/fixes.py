# SPDX-License-Identifier: GPL-2.0
"""`fixes`: which of the known fixes a tree has, by what its cases say, in a table."""

import json
import os
import re
from dataclasses import asdict

from runner import cache, errors, expected, fixtable, judge, museum, patches, plan, trees
from runner import verdict as verdicts
from runner.errors import Unjudged

ORDER = (fixtable.LACKS, fixtable.UNCLEAR, fixtable.HAS, fixtable.ABSENT, fixtable.UNTESTED)
NAMED = re.compile(r'\b([0-9a-f]{12}) \("')


def fixes_command(root, arguments, options):
    """Print the table of one tree × arch; errors.FAILED if it lacks a fix, if that is unclear, or
    if a case fails that is no known fix's.

    The tree is built, and booted unless its last boot was of this very kernel.  What a crash kept
    from running is booted again.
    """
    if arguments.json:
        verdicts.claim(arguments.json)
    cache.lock()
    tree = trees.find(arguments.tree)
    kernel = judge.Kernel(root, tree, arguments.arch, options)
    kernel.make()
    booted = kernel.last_boot()
    again = "" if booted is None else ", as last booted"
    verdict = kernel.verdict(booted or kernel.boot([]), [])
    kernel.ask_again(verdict)
    if not verdict.good() and not any(suite.passed for suite in verdict.suites):
        raise Unjudged(f"{tree.version} {arguments.arch}: {verdict.problems[0]}")
    found = fixtable.judge(fixtable.read(root), verdict, kernel.elsewhere())
    print(f"Linux {tree.version}, {arguments.arch}{again}")
    for line in table(found):
        print(line)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"tree": tree.name, "version": tree.version, "arch": arguments.arch,
                       "fixes": [{**asdict(one), "differs": one.differs()} for one in found]},
                      file, indent=1)
            file.write("\n")
    for line in _failures(verdict, found):
        print(f"FAILED {line}")
    print(summary(found))
    wrong = any(one.state in (fixtable.LACKS, fixtable.UNCLEAR) for one in found)
    return errors.PASSED if verdict.good() and not wrong else errors.FAILED


def _failures(verdict, found):
    """What is wrong with the tree, in words, beyond the fixes that it lacks."""
    named = {case for one in found for case in one.cases + one.why.split()
             if one.state in (fixtable.LACKS, fixtable.UNCLEAR)}
    words = []
    for suite in verdict.suites:
        names = {case: f"{suite.name}.{case}" for case in suite.failed if case not in suite.unheard}
        words += [f"{name}, in its setup" if case in suite.unprepared else f"{name}, for no known fix"
                  for case, name in names.items() if name not in named]
    words += [f"{suite.name}: {problem.splitlines()[0]}" for suite in verdict.suites
              for problem in suite.problems]
    return words + verdict.problems


def table(found):
    """The lines of the table for [fixtable.Found], one state after another."""
    lines = []
    for state in ORDER:
        of = [one for one in found if one.state == state]
        lines += [f"{state}:"] if of else []
        for one in of:
            lines.append(f"  {one.id or '-':12}  {one.cve or '-':14}  {one.title}")
            notes = [one.why, one.differs()]
            if state == fixtable.LACKS:
                fixed = f"fixed in {one.fixed_in}" if one.fixed_in and not one.differs() else ""
                notes = [", ".join(one.cases) + " failed", one.differs() or fixed]
            text = "; ".join(note for note in notes if note)
            lines += [f"      {text}"] if text else []
    return lines


def summary(found):
    """How many fixes there are of each state."""
    lacks = fixtable.count([one for one in found if one.state == fixtable.LACKS])
    rest = [f"{sum(one.state == state for one in found)} {word}" for state, word in (
        (fixtable.UNCLEAR, "unclear"), (fixtable.HAS, "there"),
        (fixtable.ABSENT, "not applicable"), (fixtable.UNTESTED, "not tested"))]
    differs = sum(bool(one.differs()) for one in found)
    return ", ".join([lacks, *rest]) + (f"; {differs} differ from the record" if differs else "")


def _comments(root, the_plan):
    """({"suite.case": the comment above it}, {suite: all its comments}), each in one line."""
    found, texts = {}, {}
    for suite in the_plan.suites.values():
        text = patches.read(os.path.join(root, suite.source))
        texts[suite.name] = " ".join(re.sub(r"\n \*+", " ", text).split())
        for match in re.finditer(r"(?:/\*((?:(?!\*/).)*)\*/\n)?static void (?:__maybe_unused )?(\w+)"
                                 r"\(struct kunit \*\w*\)", text, re.S):
            words = re.sub(r"\n \*+", " ", match[1] or "")
            found[f"{suite.name}.{match[2]}"] = " ".join(words.split())
    return found, texts


def lint(root):
    """What is inconsistent between the table, the cases and the museum: a list of sentences.

    A comment names a fix by its id and its title, <id> ("<title>"), once in the suite at least; a
    commit of another kind is named by less.
    """
    table_, the_plan = fixtable.read(root), plan.read(root)
    comments, texts = _comments(root, the_plan)
    cases = {f"{suite}.{case}" for suite, of in plan.cases(the_plan, root).items() for case in of}
    wrong, ids = [], {fix.id: fix for fix in table_ if fix.id}
    for fix in table_:
        for case in fixtable.expand(fix, sorted(cases)):
            suite = case.partition(".")[0]
            if case not in cases:
                wrong.append(f"{fixtable.TABLE}: {fix.key()}: there is no case {case}")
            elif fix.id and f'{fix.id} ("{fix.title}")' not in texts[suite]:
                wrong.append(f'{suite}: no comment names {fix.id} ("{fix.title}")')
    for case in sorted(cases & comments.keys()):
        wrong += [f"{case}: its comment names {name}, whose line in {fixtable.TABLE} does not name it"
                  for name in NAMED.findall(comments[case])
                  if name not in ids or not ids[name].names(case)]
    return wrong + _lint_museum(root, the_plan, table_) + _lint_expected(root, table_)


def _lint_museum(root, the_plan, table_):
    """Some patch undoes each fix that has a case, or is like it; unless a named tree lacks it."""
    undone = {name for mutant in museum.collect(root, the_plan)
              for name in re.findall(r"(?:Undoes|Like): ([0-9a-f]{12})\b", mutant.origin)}
    red = " ".join(words for cell in expected.CELLS
                   for status, words in getattr(expected.read(root, cell), "cases", {}).values()
                   if status == expected.FAIL)
    known = {fix.id for fix in table_}
    return ([f"museum: nothing undoes {fix.key()}" for fix in table_
             if fix.id and fix.cases and fix.id not in undone and fix.id not in red]
            + [f"museum: {name} is undone, and is not in {fixtable.TABLE}" for name in sorted(undone)
               if name not in known])


def _lint_expected(root, table_):
    """A case that expected/ says fails for the lack of a fix is a case of that fix."""
    wrong, of = [], {fix.id: fix for fix in table_ if fix.id}
    for cell in expected.CELLS:
        seen = expected.read(root, cell)
        for (suite, case), (status, words) in sorted(seen.cases.items() if seen else ()):
            for name in re.findall(r"lacks ([0-9a-f]{12})", words if status == expected.FAIL else ""):
                if name not in of or not of[name].names(f"{suite}.{case}"):
                    wrong.append(f"{expected.FOLDER}/{cell}: {name} does not name {suite}.{case}")
    return wrong
