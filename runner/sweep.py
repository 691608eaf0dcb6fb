# SPDX-License-Identifier: GPL-2.0
"""`sweep`: a case that fails must leave the others as they are.

Every case fails once at its first expectation or assertion and once at its last, the odd and the
even ones in turns, and each time the other cases of the same boot must be what they were in a boot
in which nobody fails.  In its middle a case fails and ends, as an assertion there would end it.
The stage's KUnit asks runner/sweep_c/mm_kunit_sweep.c at every check; a table in there says which
case fails where.
"""

import os
import re
from dataclasses import dataclass, field

from runner import arches, cache, errors, judge, ktap, plan, trees
from runner import verdict as verdicts
from runner.errors import Unjudged

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sweep_c")
TABLE = "mm/tests/mm_kunit_sweep_table.h"
TEST_H = "include/kunit/test.h"
DECLARES = ("struct kunit;\n"
            "void mm_kunit_sweep_begin(struct kunit *test, const char *suite);\n"
            "void mm_kunit_sweep_end(struct kunit *test);\n"
            "bool mm_kunit_sweep_passes(struct kunit *test, const char *file);\n")
CHECKS = re.compile(r"^\tif \((likely\(|!IS_ERR_OR_NULL\()", re.M)
OLD_CHECK = "\t\t\t   pass,"
HOOK = re.compile(r"^\t\.(init|exit) = (\w+),$", re.M)
SUITE = re.compile(r"^static struct kunit_suite \w+ = \{$", re.M)
COUNTED = re.compile(r"mm_kunit_sweep (\w+)\.(\w+) (\d+) checks$")
FORCED = re.compile(r"mm_kunit_sweep (\w+)\.(\w+) fails at \d+$")
PLACES = ("first", "last", "middle")
TIMEOUT = 600


@dataclass
class Swept:
    """What one boot, or all of them, came to: cases as (suite, case)."""
    forced: set = field(default_factory=set)        # those that were to fail
    seen: set = field(default_factory=set)          # those of them that did, and nothing else
    green: int = 0                                  # others that stayed as they were
    wrong: list = field(default_factory=list)       # sentences


def ask_at_every_check(text):
    """include/kunit/test.h whose checks ask the sweep as well; each tree has its dialect."""
    if OLD_CHECK in text:                           # before 5.18: one macro has them all
        text = text.replace(OLD_CHECK, "\t\t\t   mm_kunit_sweep_passes(test, __FILE__) && (pass),", 1)
        found = 1
    else:
        text, found = CHECKS.subn(r"\tif (mm_kunit_sweep_passes(test, __FILE__) && \1", text)
    if not found:
        raise Unjudged(f"{TEST_H}: no check of a known form")
    at = text.index("\nstruct kunit;\n") if "\nstruct kunit;\n" in text else text.index("\n/**")
    return text[:at + 1] + DECLARES + text[at + 1:]


def tell_of_cases(text, suite):
    """A suite's source that tells the sweep when a case begins and ends."""
    place = SUITE.search(text)
    hooks = dict(HOOK.findall(text[place.start():])) if place else {}
    if set(hooks) != {"init", "exit"}:
        raise Unjudged(f"{suite}: no suite with an init and an exit function")
    wrap = (f"static int sweep_init(struct kunit *test)\n{{\n\tint ret = {hooks['init']}(test);\n\n"
            f"\tmm_kunit_sweep_begin(test, \"{suite}\");\n\treturn ret;\n}}\n\n"
            f"static void sweep_exit(struct kunit *test)\n{{\n\tmm_kunit_sweep_end(test);\n"
            f"\t{hooks['exit']}(test);\n}}\n\n")
    tail = HOOK.sub(r"\t.\1 = sweep_\1,", text[place.start():])
    return text[:place.start()] + wrap + tail


def instrument(kernel):
    """Have the stage of the judge.Kernel ask the sweep."""
    def current(name):
        return (kernel.overrides.get(name) or kernel.tree.read(name)).decode()

    kernel.overrides[TEST_H] = ask_at_every_check(current(TEST_H)).encode()
    kernel.overrides["mm/tests/Makefile"] = (current("mm/tests/Makefile")
                                             + "obj-y += mm_kunit_sweep.o\n").encode()
    for suite in kernel.plan.suites.values():
        if suite.source in kernel.overrides:
            kernel.overrides[suite.source] = tell_of_cases(current(suite.source),
                                                           suite.name).encode()
    with open(os.path.join(HERE, "mm_kunit_sweep.c"), "rb") as file:
        kernel.overrides["mm/tests/mm_kunit_sweep.c"] = file.read()


def table(fails):
    """The table in C of {(suite, case): (which check fails, does the case end there)}."""
    return "".join(f'\t{{ "{suite}", "{case}", {nth}, {str(ends).lower()} }},\n'
                   for (suite, case), (nth, ends) in sorted(fails.items()))


def counts(lines):
    """{(suite, case): checks} that a boot tells of; of a case with rows, those of its longest."""
    found = {}
    for line in lines:
        match = COUNTED.search(line)
        if match:
            case = match.group(1), match.group(2)
            found[case] = max(int(match.group(3)), found.get(case, 0))
    return found


def states(console, suites):
    """{(suite, case): passed, failed, skipped or splat} of the Console's suites that are ours."""
    return {(suite.name, case.name): "splat" if case.splat else case.status
            for suite in console.suites.values() if suite.name in suites for case in suite.cases}


def turns(checks, base):
    """[(words, {(suite, case): (which check fails, does the case end there)})], in two halves each.

    A case that fails anyway, is skipped, or checks nothing, cannot be made to fail.
    """
    cases = [case for case, n in checks.items() if n and base.get(case) == "passed"]
    where = {"first": lambda n: (1, False), "last": lambda n: (n, False),
             "middle": lambda n: ((n + 1) // 2, True)}
    return [(f"the {'odd' if half == 0 else 'even'} cases fail at their {place} check",
             {case: where[place](checks[case]) for case in cases[half::2]})
            for place in PLACES for half in (0, 1)]


def hold(lines, fails, base, suites):
    """Hold a boot's lines against what was to fail and what nobody touched; Swept."""
    console = ktap.read(lines)
    found, state = Swept(set(fails)), states(console, suites)
    asked = {match.groups() for match in map(FORCED.search, lines) if match}
    for case, before in base.items():
        after, name = state.get(case, "unheard"), ".".join(case)
        if case in fails:
            if case not in asked and after != "unheard":
                found.wrong.append(f"{name} never came to check {fails[case][0]}")
            elif after == "failed":
                found.seen.add(case)
            else:
                found.wrong.append(f"{name} was to fail and is: {after}")
        elif after == before:
            found.green += before == "passed"
        elif before == "failed" and after == "passed":
            pass                                    # it fails by itself, now and then
        else:
            found.wrong.append(f"{name} was {before} and is now: {after}")
    for suite in console.suites.values():
        if suite.splat and suite.name in suites:
            found.wrong.append(f"{suite.name}: {suite.splat[0]}")
    if not console.complete():
        found.wrong.append("the kernel did not come to its end: "
                           + (console.panic or [l for l in lines if l.strip()][-1]))
    return found


def unforced(lines, suites, out):
    """states() of a boot in which nobody was to fail; Unjudged if it tells nothing."""
    console = ktap.read(lines)
    base = states(console, suites)
    for case, status in base.items():
        if status in ("failed", "splat"):
            out(f"{'.'.join(case)} fails by itself, with{'' if status == 'splat' else 'out'} "
                "a splat")
    if not console.complete() or "splat" in base.values() or not base:
        raise Unjudged("the suites do not come to a clean end even if nobody fails: "
                       + (console.panic or [l for l in lines if l.strip()][-1]))
    return base


def boot(kernel, suites, fails, keep_log):
    """The console of a boot in which @fails fail."""
    kernel.overrides[TABLE] = table(fails).encode()
    kernel.make()
    lines = kernel.boot(suites).lines
    if keep_log:
        with open(keep_log, "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write("\n".join(lines + [""]))
    return lines


def run(kernel, suites, keep_log, out):
    """Boot for every turn; Swept of all of them, a case once for each turn."""
    owed = {s.name for s in kernel.plan.pick(suites)}
    lines = boot(kernel, suites, {}, keep_log)
    base, checks, every = unforced(lines, owed, out), counts(lines), Swept()
    out(f"{len(base)} cases, {sum(checks.values())} checks")
    for words, fails in turns(checks, base):
        found = hold(boot(kernel, suites, fails, keep_log), fails, base, owed)
        out(f"{words}: {len(found.seen)} of {len(found.forced)} failed, "
            f"{found.green} others as before")
        for sentence in found.wrong:
            out(f"    WRONG {sentence}")
        every.forced |= {(case, words) for case in found.forced}
        every.seen |= {(case, words) for case in found.seen}
        every.green += found.green
        every.wrong += found.wrong
    return every


def sweep(root, tree, arch, suites, options, keep_log=None):
    """Sweep the Tree on @arch, and print what came of it; Swept."""
    kernel = judge.Kernel(root, tree, arch, options)
    judge.refuse(kernel.plan, suites, arch, kernel.cell)
    instrument(kernel)
    every = run(kernel, suites, keep_log, print)
    print(f"{tree.version} {arch}: {len(every.forced)} failures forced, {len(every.seen)} seen, "
          f"{every.green} cases beside them stayed green, {len(every.wrong)} wrong")
    return every


def sweep_command(root, arguments, options):
    """`sweep`; errors.FAILED if a case that failed has left something behind."""
    arches.machine(arguments.arch)
    plan.read(root).pick(arguments.suite)
    if arguments.keep_log:
        verdicts.claim(arguments.keep_log)
    cache.lock()
    every = sweep(root, trees.find(arguments.tree), arguments.arch, arguments.suite, options,
                  arguments.keep_log)
    return errors.FAILED if every.wrong or not every.forced else errors.PASSED
