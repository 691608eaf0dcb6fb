# SPDX-License-Identifier: GPL-2.0
"""`cover`: which lines and branches of the functions under test a boot of the suites reaches.

The files that have such functions are built with gcov's counters, in a build directory of their
own.  A kernel that runs nothing but KUnit has no file to write them to: runner/gcov/ is laid into
the stage and prints them, gcov and genhtml do the rest.

    museum/covered      <suite> <file> <function>...
    museum/uncovered    <function or *> /<regular expression>/[,/<another>/] <why not>
"""

import fnmatch
import glob
import json
import os
import re
import subprocess
from dataclasses import dataclass, field

from runner import arches, cache, errors, judge, packages, patches, plan, process, trees
from runner import verdict as verdicts
from runner.errors import Unjudged
from runner.progress import Phase

GCOV = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gcov")
DUMP = re.compile(r"mm_kunit_gcov (file|bytes)? ?(\S+)$")
WHY = re.compile(r"^(\S+) /(.+?)/(?:,/(.+?)/)? (.+)$")
RUN_ALL = "\tkunit_run_all_tests();\n"


@dataclass
class Function:
    """@lines: {number: times it ran}; @branches: {number: [times each was taken]}."""
    suite: str
    file: str
    name: str
    ranges: list = field(default_factory=list)  # [(first, last)], one for each definition
    lines: dict = field(default_factory=dict)
    branches: dict = field(default_factory=dict)

    def missed(self):
        """{number of a line: what is missing there} of what never ran."""
        found = {}
        for number, count in sorted(self.lines.items()):
            taken = self.branches.get(number, [])
            if not count:
                found[number] = "never runs"
            elif taken and not all(taken):
                found[number] = f"{taken.count(0)} of {len(taken)} branches never taken"
        return found


def under_test(root):
    """[Function] of museum/covered, without what a run found out."""
    functions = []
    for line in patches.read(os.path.join(root, "museum", "covered")).splitlines():
        words = line.split("#")[0].split()
        functions += [Function(words[0], words[1], name) for name in words[2:]]
    return functions


def reasons(root):
    """[(function or glob, pattern, last pattern or None, why)] of museum/uncovered."""
    path = os.path.join(root, "museum", "uncovered")
    found = []
    for line in patches.read(path).splitlines() if os.path.exists(path) else []:
        if line.strip() and not line.startswith("#"):
            match = WHY.match(line)
            if not match:
                raise Unjudged(f"{path}: cannot read: {line}")
            name, first, last, why = match.groups()
            found.append((name, re.compile(first), re.compile(last) if last else None, why))
    return found


def why_not(why, function, source, number):
    """The reason for which line @number of the Function's file is not covered, or ""."""
    first = next(a for a, b in function.ranges if a <= number <= b)
    for name, begin, end, words in why:
        if not fnmatch.fnmatch(function.name, name):
            continue
        if not end and begin.search(source[number - 1]):
            return words
        if end and _within(source, first, number, begin, end):
            return words
    return ""


def _within(source, first, number, begin, end):
    """Whether line @number lies in a stretch from @begin to the next @end."""
    inside = False
    for at in range(first, number + 1):
        if not inside and begin.search(source[at - 1]):
            inside = True
        elif inside and end.search(source[at - 1]):
            inside = at == number
    return inside


def counted(name):
    """(the Makefile, the lines in it) that have the C file @name count.

    What lies in compat/ is built by the Makefile above; older trees know its object there by the
    file's name, newer ones by the path.
    """
    folder, base = os.path.split(name[:-2] + ".o")
    line = f"GCOV_PROFILE_{base} := y\n"
    if os.path.basename(folder) == "compat":
        folder = os.path.dirname(folder)
        line += f"GCOV_PROFILE_compat/{base} := y\n"
    return os.path.join(folder, "Makefile"), line


def instrument(kernel, functions):
    """Have the stage of the judge.Kernel count in the files of @functions, and tell."""
    def current(name):
        return kernel.overrides.get(name) or kernel.tree.read(name)

    names = {f.file for f in functions if f.file.endswith(".c")}
    # The suites call inline functions themselves.
    names |= {suite.source for suite in kernel.plan.suites.values()}
    for name in sorted(names):
        if name in kernel.overrides or os.path.exists(os.path.join(kernel.tree.path, name)):
            makefile, line = counted(name)
            kernel.overrides[makefile] = current(makefile) + line.encode()
    flags = ""
    if b"convert_to_gcda" not in kernel.tree.read("kernel/gcov/gcov.h"):
        flags = "CFLAGS_mm_kunit_gcov.o := -DMM_KUNIT_GCOV_ITERATES\n"
    kernel.overrides["mm/tests/Makefile"] = (current("mm/tests/Makefile") + flags.encode()
                                             + b"obj-y += mm_kunit_gcov.o\n")
    for path in glob.glob(os.path.join(GCOV, "*.[ch]")):
        with open(path, "rb") as file:
            kernel.overrides["mm/tests/" + os.path.basename(path)] = file.read()
    if b"kunit_shutdown" not in current("lib/kunit/executor.c"):
        text = current("init/main.c").decode(errors="surrogateescape")
        if text.count(RUN_ALL) != 1:
            raise Unjudged(f"{kernel.tree.version}: no place in init/main.c to read counters at")
        text = text.replace(RUN_ALL, RUN_ALL + "\tmm_kunit_gcov_dump();\n")
        kernel.overrides["init/main.c"] = (
            text.replace("#include <linux/init.h>\n", "#include <linux/init.h>\n"
                         '#include "../mm/tests/mm_kunit_gcov.h"\n', 1)
            .encode(errors="surrogateescape"))


def take_counters(lines, build):
    """Write the .gcda files that the console tells of; their paths, below @build.

    Unjudged for any other path, be it by a link: the build directory has one to the sources.
    """
    name, data, written = "", b"", []
    for line in lines:
        match = DUMP.search(line)
        if not match:
            continue
        kind, word = match.groups()
        if kind == "file":
            name, data = word, b""
            real = os.path.realpath(name)
            if not (real.startswith(os.path.realpath(build) + os.sep) and real.endswith(".gcda")):
                raise Unjudged(f"{name}, which the kernel tells of, is no place for counters: it "
                               f"is not below {build}")
        elif kind == "bytes":
            if len(data) != int(word) or not data:
                raise Unjudged(f"the counters of {name} came {len(data)} of {word} bytes long")
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "wb") as file:
                file.write(data)
            written.append(name)
        else:
            try:
                data += bytes.fromhex(word)
            except ValueError:
                raise Unjudged(f"the counters of {name} are garbled: {word[:40]}") from None
    if not written:
        raise Unjudged("the kernel told no counters")
    return written


def gcov(tool, path):
    """The files of gcov's JSON for one .gcda file, and the directory it was compiled in."""
    done = subprocess.run([tool, "-b", "-j", "-t", "-o", os.path.dirname(path), path],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=process.environment(), check=False)
    try:
        found = json.loads(done.stdout)
        return found["files"], found["current_working_directory"]
    except (ValueError, KeyError):
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no output"]
        raise Unjudged(f"{tool} cannot read {path}: {said[-1]}") from None


def count(functions, stage, tool, counters):
    """Fill in what the .gcda files @counters say of the Functions, whose ranges are known."""
    at = {}
    for function in functions:
        at.setdefault(function.file, []).append(function)
    for path in counters:
        files, where = gcov(tool, path)
        for file in files:
            name = os.path.relpath(os.path.normpath(os.path.join(where, file["file"])), stage)
            for line in file["lines"] if name in at else []:
                number = line["line_number"]
                for function in at[name]:
                    if any(a <= number <= b for a, b in function.ranges):
                        _add(function, number, line)


def _add(function, number, line):
    """Add one of gcov's lines; an inline function has a copy of its own in each caller.

    Copies that the compiler left with fewer branches tell less, and are left out.
    """
    function.lines[number] = function.lines.get(number, 0) + line["count"]
    taken = [b["count"] for b in line["branches"] if not b["throw"]]
    old = function.branches.get(number, [])
    if len(taken) == len(old):
        function.branches[number] = [a + b for a, b in zip(old, taken)]
    elif len(taken) > len(old) and line["count"] or not any(old):
        function.branches[number] = taken


def find_functions(functions, stage):
    """The Functions that the staged tree has, with the ranges of their lines."""
    found = []
    for name in sorted({f.file for f in functions}):
        path = os.path.join(stage, name)
        if not os.path.exists(path):
            continue
        _, text = process.output(["ctags", "-x", "--_xformat=%N %n %{end}", "--kinds-C=f",
                                  "--language-force=C", "--sort=no", path])
        for function in (f for f in functions if f.file == name):
            function.ranges = [(int(a), int(b)) for a, b in
                               re.findall(rf"^{function.name} (\d+) (\d+)$", text, re.M)]
            if function.ranges:
                found.append(function)
    return found


def table(functions, stage, why, out):
    """Print the table, and below it what was not reached; how many lines have no reason."""
    unexplained, told = 0, []
    out(f"{'function':45} {'lines':>9} {'branches':>9}  file")
    for function in functions:
        if not function.lines:
            continue
        source = patches.read(os.path.join(stage, function.file)).splitlines()
        taken = [n for counts in function.branches.values() for n in counts]
        ran = sum(1 for n in function.lines.values() if n)
        out(f"{function.name:45} {ran:4}/{len(function.lines):<4} "
            f"{sum(1 for n in taken if n):4}/{len(taken):<4}  {function.file}")
        for number, what in function.missed().items():
            words = why_not(why, function, source, number)
            unexplained += not words
            told.append(f"{function.file}:{number}: {function.name}(): {what}: "
                        f"{source[number - 1].strip()}\n    {words or 'NO REASON GIVEN'}")
    for text in told:
        out(text)
    return unexplained


def html(folder, build, tool, counters):
    """lcov's pages of the counters in @build, for whole files."""
    names = [os.path.relpath(path, build) for path in counters]
    info = os.path.join(folder, "mmkunit.info")
    os.makedirs(folder, exist_ok=True)
    said = []
    code, _ = process.run(["geninfo", "--rc", "lcov_branch_coverage=1", "--quiet", "--gcov-tool",
                           tool, "-o", info, *names], said.append, cwd=build)
    if not code:
        code, _ = process.run(["genhtml", "--quiet", "--branch-coverage", "-o", folder, info],
                              said.append, cwd=build)
    if code:
        raise Unjudged("lcov failed: " + (said or ["no output"])[-1])


def measured(the_plan, arch, names):
    """The suites whose functions are measured on @arch: its own, or on x86_64 the generic ones.

    x86_64 maps huge pages and shares their tables; QEMU's s390 would show what it lacks.
    """
    suites = [s for s in the_plan.pick(names) if s.only_arch() == arch
              or arch == "x86_64" and not s.only_arch()]
    if not suites:
        raise Unjudged(f"nothing is measured on {arch}: generic code is on x86_64, "
                       "an arch's own on that arch")
    return [suite.name for suite in suites]


def run(kernel, suites):
    """Build and boot the instrumented judge.Kernel; its .gcda files, None if it fails otherwise than before."""
    kernel.make()
    booted = kernel.boot(suites)
    verdict = kernel.verdict(booted, suites)
    if verdict.unexpected():
        verdicts.report(verdict, print)
        print("not as it was last seen: the counters would tell of a broken run")
        return None
    for left in glob.glob(os.path.join(glob.escape(kernel.build.path), "**/*.gcda"),
                          recursive=True):
        os.unlink(left)
    return take_counters(booted.lines, kernel.build.path)


def totals(functions):
    """The sum of all Functions, as words."""
    lines = [n for f in functions for n in f.lines.values()]
    taken = [n for f in functions for counts in f.branches.values() for n in counts]
    return (f"{sum(1 for n in lines if n)} of {len(lines)} lines, "
            f"{sum(1 for n in taken if n)} of {len(taken)} branches")


def cover_command(root, arguments, options):
    """`cover`; errors.FAILED if a suite is not green or a line has no reason."""
    found = [{"why": "the suites are not green"}]
    act = _checked(root, arguments, options)
    try:
        code, functions = act()
        found = [vars(f) for f in functions] or found
    except BaseException as error:
        found = [{"why": errors.told(error)[0]}]
        raise
    finally:
        if arguments.json:
            with open(arguments.json, "w", encoding="utf-8") as file:
                json.dump(found, file, indent=1)
                file.write("\n")
    return code


def _checked(root, arguments, options):
    """The work of `cover`, to be called, once nothing is wrong with the command line."""
    arches.machine(arguments.arch)
    the_plan, named = plan.read(root), arguments.tree in trees.NAMED
    suites = measured(the_plan, arguments.arch, arguments.suite)
    where = judge.cell(root, arguments.tree, arguments.arch) if named else None
    judge.refuse(the_plan, arguments.suite, arguments.arch, where)
    functions = [f for f in under_test(root) if f.suite in suites]
    why, tool = reasons(root), arches.prefix(arguments.arch) + "gcov"
    if arguments.json:
        verdicts.claim(arguments.json)
    if arguments.html:
        os.makedirs(arguments.html, exist_ok=True)
        verdicts.claim(os.path.join(arguments.html, "mmkunit.info"))
    return lambda: _cover(root, arguments, options, (suites, functions, why, tool))


def _cover(root, arguments, options, what):
    """(exit code, [Function] with all that was found out); no Function if it is not green."""
    suites, functions, why, tool = what
    cache.lock()
    packages.ensure_tools({"ctags": "universal-ctags",
                           **({"genhtml": "lcov"} if arguments.html else {})})
    tree = trees.find(arguments.tree)
    options.kconfig_add = [*options.kconfig_add, "CONFIG_GCOV_KERNEL=y"]
    options.kernel_args = [*options.kernel_args, "log_buf_len=16M"]     # nothing may be dropped
    kernel = judge.Kernel(root, tree, arguments.arch, options)
    instrument(kernel, functions)
    counters = run(kernel, suites)
    if counters is None:
        return errors.FAILED, []
    with Phase("gcov"):
        found = find_functions(functions, kernel.build.stage)
        count(found, kernel.build.stage, tool, counters)
    if arguments.html:
        with Phase("lcov"):
            html(os.path.abspath(arguments.html), kernel.build.path, tool, counters)
    unexplained = table(found, kernel.build.stage, why, print)
    print(f"{tree.version} {arguments.arch}: {totals(found)}, {unexplained} without a reason")
    return errors.FAILED if unexplained else errors.PASSED, found
