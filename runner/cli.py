# SPDX-License-Identifier: GPL-2.0
"""Commands, options and exit codes."""

import argparse
import os
import re
import signal
import sys
from dataclasses import dataclass, fields

from runner import (arches, cache, clean, errors, expected, fixtable, graft, judge, packages, plan,
                    trees)
from runner import verdict as verdicts
from runner.errors import Unjudged


class Parser(argparse.ArgumentParser):
    """argparse that says what is wrong in one line."""

    def error(self, message):
        raise Unjudged(f"{message} (see {self.prog} --help)")


def parser():
    """The command line."""
    top = Parser(prog="mmkunit", description="Judge a Linux tree's memory management by KUnit suites.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    run = commands.add_parser("run", help="build, boot and judge a kernel tree", allow_abbrev=False,
                              epilog="kunit.py's options may follow after --: --jobs, --timeout, "
                                     "--kconfig_add, --make_options, --kernel_args, --qemu_args, "
                                     "--cross_compile")
    run.add_argument("--tree", default="6.1", metavar="NAME|PATH",
                     help=f"{', '.join(trees.NAMED)}, a version as 6.12.117, or a path "
                          "(default: 6.1)")
    run.add_argument("--arch", default="x86_64", metavar="ARCH[,ARCH]...",
                     help="default: x86_64; also um, s390, ...")
    run.add_argument("--suite", action="append", default=[], metavar="NAME",
                     help="only this suite; may be repeated")
    run.add_argument("--no-port", action="store_true",
                     help="leave the tree without what ports/ would give it")
    run.add_argument("--expect", metavar="FILE",
                     help="accept what this file says, written by expect --file; exit 1 for "
                          "whatever differs")
    run.add_argument("--bisect", action="store_true",
                     help="for git bisect run: exit 125 where there is nothing to judge")
    _refresh(run)
    run.add_argument("--json", metavar="FILE", help="write everything that was found out")
    run.add_argument("--junit", metavar="FILE", help="write JUnit XML")
    run.add_argument("--keep-log", metavar="FILE", help="write the raw console")
    check = commands.add_parser("check", help="the project's own tests")
    check.add_argument("--quick", action="store_true", help="without building any kernel")
    check.add_argument("--strict", action="store_true",
                       help="what a newer version of a tree does otherwise is a failure too")
    expect = commands.add_parser("expect", help="hold the named trees against expected/")
    expect.add_argument("--update", action="store_true",
                        help="write down what they do today, in expected/ and README.md")
    expect.add_argument("--tree", metavar="NAME|PATH", help="only this tree's cells; or, with "
                        "--file, the tree (default: 6.1)")
    expect.add_argument("--arch", metavar="ARCH", help="only this arch's cells, as x86_64 or "
                        "s390-no-port; or, with --file, the arch (default: x86_64)")
    expect.add_argument("--file", metavar="FILE", help="in place of expected/: a file of your own, "
                        "for run --expect")
    _refresh(expect)
    fixes = commands.add_parser("fixes", help="which known fixes a tree has, and which it lacks",
                                epilog="kunit.py's options may follow after --")
    fixes.add_argument("--tree", default="6.1", metavar="NAME|PATH")
    fixes.add_argument("--arch", default="x86_64", metavar="ARCH")
    fixes.add_argument("--json", metavar="FILE", help="write the table for programs")
    drop = commands.add_parser("clean", help="drop from the cache what was not used for a while")
    drop.add_argument("--days", type=int, default=clean.DAYS, metavar="N",
                      help="for so long (default: %(default)s)")
    drop.add_argument("--all", action="store_true", help="drop everything")
    for name, words in (("graft", "lay the overlay into a tree of your own"),
                        ("ungraft", "take it out again, byte for byte")):
        commands.add_parser(name, help=words).add_argument("path", metavar="PATH")
    commands.add_parser("trees", help="the trees, and what each was last seen to do")
    commands.add_parser("doctor", help="what this machine lacks, and what mends it")
    mutate = commands.add_parser("mutate", help="re-introduce the museum's bugs, one at a time",
                                 epilog="kunit.py's options may follow after --")
    mutate.add_argument("--tree", metavar="NAME|PATH",
                        help="only this tree's; or, with FILEs, the tree to try them on")
    mutate.add_argument("--suite", action="append", default=[], metavar="NAME",
                        help="only this suite's; may be repeated")
    mutate.add_argument("--json", metavar="FILE", help="write what became of each")
    mutate.add_argument("--svg", metavar="FILE", help="draw which case sees which bug")
    mutate.add_argument("file", nargs="*", metavar="FILE", help="patches like those in museum/")
    cover = commands.add_parser("cover", help="lines and branches that the suites reach, by gcov",
                                epilog="kunit.py's options may follow after --")
    cover.add_argument("--tree", default="6.1", metavar="NAME|PATH")
    cover.add_argument("--arch", default="x86_64", metavar="ARCH")
    cover.add_argument("--suite", action="append", default=[], metavar="NAME",
                       help="only this suite; may be repeated")
    cover.add_argument("--html", metavar="DIR", help="write lcov's pages")
    cover.add_argument("--json", metavar="FILE", help="write the counts")
    sweep = commands.add_parser("sweep", help="let every case fail, and see that the others do not",
                                epilog="kunit.py's options may follow after --")
    sweep.add_argument("--tree", default="6.1", metavar="NAME|PATH")
    sweep.add_argument("--arch", default="x86_64", metavar="ARCH")
    sweep.add_argument("--suite", action="append", default=[], metavar="NAME",
                       help="only this suite; may be repeated")
    sweep.add_argument("--keep-log", metavar="FILE", help="write the raw consoles")
    series = commands.add_parser("series", help="write the suites as mail patches for a tree")
    series.add_argument("--tree", default="newest", metavar="newest|PATH",
                        help="the tree that they are to apply to (default: newest)")
    series.add_argument("--output", required=True, metavar="DIR", help="a new directory for them")
    bench = commands.add_parser("bench", help="time us against kunit.py's default configuration")
    bench.add_argument("--tree", default="6.1", metavar="NAME|PATH")
    for command in (run, check, expect, fixes, mutate, cover, sweep, series, bench):
        command.add_argument("--no-install", action="store_true",
                             help="show what to install, and install nothing")
    return top


def _refresh(command):
    command.add_argument("--refresh", action="store_true",
                         help="ask the mirror for a newer version, which is done once a day anyway")


@dataclass
class Options:
    """What kunit.py calls by these names, from behind the "--"."""
    jobs: int
    timeout: int
    kconfig_add: list
    make_options: list
    kernel_args: list
    qemu_args: list
    cross_compile: str


# What an option's value must look like, and must not, behind the "--": nothing there may lead
# make, kunit.py or KUnit away from what is judged.
VALUES = {
    "kconfig_add": re.compile(r"CONFIG_\w+=.*|# CONFIG_\w+ is not set"),
    "make_options": re.compile(r"(?!(?:O|M|ARCH|SUBARCH|CROSS_COMPILE|MAKEFLAGS|KBUILD_OUTPUT|"
                               r"KBUILD_EXTMOD|KCONFIG_\w+)=)[A-Za-z_]\w*=.*"),
    "kernel_args": re.compile(r"(?!\s*(?:kunit\.(?:filter\w*|action|enable)|kunit_shutdown)=).*"),
}
# kunit.py's own, which have another place here.
ELSEWHERE = {"--arch": "before the --", "--json": "before the --",
             "--kunitconfig": "line by line, by --kconfig_add"}


def kunit_options(words, timeout=120):
    """Options out of what stands behind "--"; @timeout in s if it does not say.

    Unjudged for anything else that kunit.py knows: it would go to a kunit.py that runs in our
    stage and our build directory, after the build.
    """
    behind = Parser(prog="mmkunit run --", add_help=False, allow_abbrev=False)
    behind.add_argument("--jobs", "-j", type=int, default=len(os.sched_getaffinity(0)))
    behind.add_argument("--timeout", type=int, default=timeout)
    for name in ("kconfig_add", "make_options", "kernel_args", "qemu_args"):
        behind.add_argument("--" + name, action="append", default=[])
    behind.add_argument("--cross_compile", default="")
    known, other = behind.parse_known_args(words)
    options = Options(**vars(known))
    if other:
        names = ", ".join("--" + field.name for field in fields(Options))
        place = ELSEWHERE.get(other[0].split("=")[0])
        place = f"; give it {place}" if place else ""
        raise Unjudged(f"{other[0]} cannot stand behind --{place} (what can: {names})")
    if options.jobs < 1 or options.timeout < 1:
        raise Unjudged("--jobs and --timeout must be at least 1")
    for name, pattern in VALUES.items():
        for value in getattr(options, name):
            if not pattern.fullmatch(value):
                raise Unjudged(f"--{name} {value} cannot stand behind --: it is malformed, or would "
                               "lead away from what is judged")
    return options


def command_run(root, arguments, behind):
    """`run`: every arch in turn; FAILED if any is, else UNJUDGED if any could not be judged."""
    options, the_plan = kunit_options(behind), plan.read(root)
    names = list(dict.fromkeys(name for name in arguments.arch.split(",") if name))
    named = trees.named(arguments.tree)
    the_plan.pick(arguments.suite)
    for name in names or [arguments.arch]:
        arches.machine(name)
        where = judge.cell(root, named[0], name, not arguments.no_port) if named else None
        judge.refuse(the_plan, arguments.suite, name, where)
    tree = None if named else trees.find(arguments.tree)
    accept = expected.own(arguments.expect, names) if arguments.expect else None
    logs = {name: arguments.keep_log for name in names if arguments.keep_log}
    if len(logs) > 1:
        logs = {name: f"{log}.{name}" for name, log in logs.items()}
    for log in logs.values():
        verdicts.claim(log)
    with verdicts.Report(arguments.json, arguments.junit, arguments.tree, names) as report:
        cache.lock()
        if not tree:
            tree = trees.find(arguments.tree, refresh=arguments.refresh)
            dropped = clean.retire(tree, expected.seen_versions(root, tree.name))
            if dropped:
                print(dropped)
        report.version = tree.version
        print(f"Linux {tree.version} ({tree.path})", flush=True)
        for name in names:
            try:
                found = judge.judge(root, tree, name, arguments.suite, options, logs.get(name),
                                    not arguments.no_port, accept)
                report.tell(name, found)
                verdicts.report(found, print)
            except Unjudged as why:
                report.tell(name, str(why))
                print(f"mmkunit: {name}: {why}" if len(names) > 1 else f"mmkunit: {why}",
                      file=sys.stderr, flush=True)
    for complaint in report.complaints:
        print(f"mmkunit: {complaint}", file=sys.stderr)
    found = report.verdicts()
    if found:
        counts = [sum(column) for column in zip(*(v.counts() for v in found))]
        lacks = [one for verdict in found for one in verdict.lacks]
        print("{} passed, {} failed, {} skipped".format(*counts)
              + (f", {fixtable.count(lacks)}" if lacks else ""))
        if accept:
            print(_accepted(found, accept))
    if not all(verdict.good() for verdict in found):
        return errors.FAILED
    return errors.UNJUDGED if report.unjudged() or report.complaints else errors.PASSED


def _accepted(verdicts_, accept):
    """One line on how the Verdicts stand to the user's own expectation file."""
    differ = sum(len(verdict.differences) for verdict in verdicts_)
    known = sum(len(verdict.known) for verdict in verdicts_)
    return f"{known} failed as {accept.path} says" + (
        f", {differ} differ from it" if differ else ", and nothing differs from it")


def command_graft(root, arguments):
    """`graft` and `ungraft`."""
    if arguments.command == "graft":
        print(graft.graft(arguments.path, root))
    else:
        print(graft.ungraft(arguments.path))
    return errors.PASSED


def split(argv):
    """(the words before the "--", those behind it)."""
    at = argv.index("--") if "--" in argv else len(argv)
    return argv[:at], argv[at + 1:]


def bisects(argv):
    """Whether git bisect run asks; looked up by hand, as the rest of @argv may be nonsense."""
    return argv[:1] == ["run"] and "--bisect" in split(argv)[0]


def dispatch(root, argv):
    """Run the command line @argv; the exit code."""
    argv, behind = split(argv)
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as end:            # --help
        return errors.UNJUDGED if end.code else errors.PASSED
    if not arguments.command:
        raise Unjudged("which command? (see mmkunit --help)")
    if behind and arguments.command not in ("run", "fixes", "mutate", "cover", "sweep"):
        raise Unjudged(f"{arguments.command} takes nothing after --")
    if getattr(arguments, "no_install", False):
        os.environ[packages.NO_INSTALL] = "1"
    if arguments.command == "run":
        return command_run(root, arguments, behind)
    if arguments.command == "mutate":
        from runner import mutate
        return mutate.mutate_command(root, arguments, kunit_options(behind, mutate.TIMEOUT))
    if arguments.command == "sweep":
        from runner import sweep
        return sweep.sweep_command(root, arguments, kunit_options(behind, sweep.TIMEOUT))
    if arguments.command == "cover":
        from runner import cover
        return cover.cover_command(root, arguments, kunit_options(behind))
    if arguments.command in ("graft", "ungraft"):
        return command_graft(root, arguments)
    if arguments.command == "trees":
        from runner import doctor
        return doctor.trees_command(root)
    if arguments.command == "doctor":
        from runner import doctor
        return doctor.doctor_command()
    if arguments.command == "clean":
        return clean.clean_command(arguments)
    if arguments.command == "expect":
        from runner import expect
        return expect.expect_command(root, arguments, kunit_options([]))
    if arguments.command == "fixes":
        from runner import fixes
        return fixes.fixes_command(root, arguments, kunit_options(behind))
    if arguments.command == "series":
        from runner import series
        return series.series_command(root, arguments)
    if arguments.command == "bench":
        from runner import bench
        return bench.bench_command(root, arguments)
    from runner import check
    return check.check_command(root, arguments)


def _interrupt(number, _frame):
    raise errors.Interrupted(number)


def _open_streams():
    """Put /dev/null where the caller has closed a standard stream: no file of ours may be it."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            fd = os.open(os.devnull, os.O_RDWR)
            os.dup2(fd, number)
            if fd != number:
                os.close(fd)
            setattr(sys, name, open(number, mode, encoding="utf-8"))


class Output:
    """Standard output whose errors say that they are its own."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        return self._do(self.stream.write, text)

    def flush(self):
        return self._do(self.stream.flush)

    @staticmethod
    def _do(act, *arguments):
        try:
            return act(*arguments)
        except OSError as error:
            error.filename = "standard output"
            raise


def _flush(stream):
    """Flush @stream; if that fails it leads nowhere from then on, and Python can end in peace."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def main(root, argv):
    """dispatch(), with every way to fail turned into one line and an exit code of ours."""
    _open_streams()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, _interrupt)
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout = Output(sys.stdout)
    line = ""
    try:
        code = dispatch(root, argv)
        sys.stdout.flush()
    except BaseException as error:       # pylint: disable=broad-except
        line, code = errors.told(error)
        if isinstance(error, BrokenPipeError):
            line = ""
    _flush(sys.stdout)
    try:
        print(f"mmkunit: {line}" if line else "", end="\n" if line else "", file=sys.stderr)
    except OSError:
        pass
    _flush(sys.stderr)
    return errors.UNTESTABLE if code == errors.UNJUDGED and bisects(argv) else code
